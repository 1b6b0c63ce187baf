/// Lets one master of a database lead at a time.
public protocol LeaderElection: Sendable {
    /// Waits until no other leads, or the task is cancelled. A leader that has stood still for long is deposed.
    func lead() async throws -> any Leadership
    /// nil when another leads.
    func leadNow() async throws -> (any Leadership)?
}

/// The right to lead, until it is released or lost. It keeps standbys waiting and is no fence: that is the term.
public protocol Leadership: Sendable {
    /// False once it is lost or released.
    var isHeld: Bool { get }
    /// Returns when it is lost, or the task is cancelled. For one task at a time.
    func waitForLoss() async
    func release() async
}
