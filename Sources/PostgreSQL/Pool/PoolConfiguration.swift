/// The bounds of a pool.
public struct PoolConfiguration: Sendable, Hashable {
    /// Connections kept open. 0 or more.
    public var minimumConnections: Int
    /// Connections open or being opened. 1 or more.
    public var maximumConnections: Int
    /// Tasks that may wait for a connection; the next is refused with `.poolExhausted`. 0 or more.
    public var maximumWaiters: Int
    /// How long a task waits before `.poolTimeout`.
    public var waitTimeout: Duration
    /// A connection above the minimum is closed when it idled this long.
    public var idleTimeout: Duration
    /// The pause after the first failure to connect; doubled by each further one.
    public var initialBackoff: Duration
    public var maximumBackoff: Duration

    public init(
        minimumConnections: Int = 1, maximumConnections: Int = 8, maximumWaiters: Int = 1024,
        waitTimeout: Duration = .seconds(10), idleTimeout: Duration = .seconds(60),
        initialBackoff: Duration = .milliseconds(50), maximumBackoff: Duration = .seconds(5)
    ) {
        self.maximumConnections = max(1, maximumConnections)
        self.minimumConnections = min(max(0, minimumConnections), self.maximumConnections)
        self.maximumWaiters = max(0, maximumWaiters)
        self.waitTimeout = waitTimeout
        self.idleTimeout = idleTimeout
        self.initialBackoff = initialBackoff
        self.maximumBackoff = max(initialBackoff, maximumBackoff)
    }
}
