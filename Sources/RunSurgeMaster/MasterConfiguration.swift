public import CoreMetrics
public import RunSurgeScheduling

/// How to run one master.
public struct MasterConfiguration: Sendable {
    /// Address to bind: an IPv4 or IPv6 address, or `*` for all of them.
    public var host: String
    /// The host that workers are told to connect to; nil: the bound one, or with `*` the one they came by.
    public var advertisedHost: String?
    /// 0: any free port.
    public var workPort: Int
    public var resultsPort: Int
    public var heartbeatsPort: Int
    public var eventsPort: Int
    /// What a worker must show to be attached.
    public var workerToken: String
    /// Base of the HTTP blob routes, empty when there are none.
    public var blobURL: String
    public var blobToken: String
    /// The same blobs by path, for workers on this machine; empty: none.
    public var blobDirectory: String
    public var heartbeatInterval: Duration = .seconds(1)
    public var dispatch = DispatchConfiguration()
    /// Sessions attached at once; more are told to try again later.
    public var sessions = 10_000
    /// Unfinished jobs kept in memory; the others wait in the store.
    public var jobs = 10_000
    /// Scripts analysed at once.
    public var analyses = 2
    /// Whether to wait while another master leads, rather than to fail.
    public var standsBy = true
    /// Where it counts what it does.
    public var metrics: any MetricsFactory = MetricsSystem.factory
    /// Told every tick of its clock.
    public var pulse = MasterPulse()
    /// How long a stopping master tries to write what it has received.
    public var flushTimeout: Duration = .seconds(5)

    public init(
        host: String = "127.0.0.1", workPort: Int = 50_051, resultsPort: Int = 50_052, heartbeatsPort: Int = 50_053,
        eventsPort: Int = 50_054, workerToken: String, blobURL: String = "", blobToken: String = "",
        blobDirectory: String = ""
    ) {
        self.host = host
        self.workPort = workPort
        self.resultsPort = resultsPort
        self.heartbeatsPort = heartbeatsPort
        self.eventsPort = eventsPort
        self.workerToken = workerToken
        self.blobURL = blobURL
        self.blobToken = blobToken
        self.blobDirectory = blobDirectory
    }

    mutating func keepPorts(of endpoints: MasterEndpoints) {
        func port(_ endpoint: String) -> Int { endpoint.split(separator: ":").last.flatMap { Int($0) } ?? 0 }
        workPort = port(endpoints.work)
        resultsPort = port(endpoints.results)
        heartbeatsPort = port(endpoints.heartbeats)
        eventsPort = port(endpoints.events)
    }

    func bindEndpoint(port: Int) -> String {
        let address = host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
        return "tcp://\(address):\(port == 0 ? "*" : String(port))"
    }
}

/// Where a started master can be reached from its own machine, as ZeroMQ endpoints.
public struct MasterEndpoints: Sendable, Hashable {
    public let work: String
    public let results: String
    public let heartbeats: String
    public let events: String
}

/// Why a master has ended by itself.
public enum MasterError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Another master has begun a newer term on the same database.
    case superseded(term: Int64)
    /// Another master leads, and this one was told not to stand by.
    case anotherLeads
    /// The endpoints could not be bound.
    case cannotBind(String)
    case stopped

    public var description: String {
        switch self {
        case .superseded(let term):
            "Another master has taken over this database (this one was term \(term)). Let this one stand by, "
                + "or give this one a database of its own."
        case .anotherLeads:
            "Another master leads this database. `runsurge master` without --no-standby would stand by, and take "
                + "over when that one ends."
        case .cannotBind(let reason): "The master cannot listen: \(reason). Choose another port or end what uses it."
        case .stopped: "The master has stopped."
        }
    }
}
