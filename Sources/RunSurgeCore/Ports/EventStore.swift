/// Changes of jobs, groups and nodes, each written in the transaction that makes it, in an order in which nothing comes
/// before what was read already. They are kept for `Limits.eventLife`.
public protocol EventStore: Sendable {
    /// Those of one owner.
    /// - Parameter after: nil, or a place of another database: from now on.
    func events(of owner: UserID, after: EventCursor?, limit: Int) async throws -> EventPage
    /// Those of everybody, for the one reader of a process that hands them on to their owners.
    func allEvents(after: EventCursor?, limit: Int) async throws -> EventPage
    /// Wakes when there are new ones; may wake without reason, and never later than `within`. For one loop.
    func waitForEvents(within: Duration) async throws
}
