/// How a master's open files are shared out, so that connections are refused before there are none left.
public struct ConnectionShares: Sendable, Equatable {
    /// Connections of the REST facade.
    public let requests: Int
    /// Workers attached at once.
    public let workers: Int

    /// Work, results, heartbeats and events.
    public static let connectionsPerWorker = 4
    /// Databases, files, pipes, and peers that have not said who they are yet.
    private static let reserved = 256
    private static let mostRequests = 4_096
    private static let mostWorkers = 10_000

    /// - Parameters:
    ///   - descriptors: what the process may have open.
    ///   - connectionsPerWorker: at least 1.
    public init(descriptors: Int, connectionsPerWorker: Int = Self.connectionsPerWorker) {
        let free = max(16, descriptors - Self.reserved)
        requests = min(Self.mostRequests, free / 4)
        workers = min(Self.mostWorkers, (free - requests) / connectionsPerWorker)
    }

    /// Whether the limit of open files is what bounds the workers.
    public var isShort: Bool { workers < Self.mostWorkers }
}
