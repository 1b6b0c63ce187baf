public import CoreMetrics
public import RunSurgeCore
public import RunSurgeScheduling

/// How to run one master.
public struct MasterConfiguration: Sendable {
    /// The folder of the endpoints for this machine: made when missing, and closed to other accounts.
    public var localFolder: String
    /// nil: there are no endpoints for the network, and the next six count for nothing.
    public var serverKeys: ServerKeys?
    /// Address to bind: an IPv4 or IPv6 address, or `*` for all of them.
    public var host: String
    /// The host that workers are told to connect to; nil: the bound one, or with `*` the one they came by.
    public var advertisedHost: String?
    /// 0: any free port.
    public var workPort: Int
    public var resultsPort: Int
    public var heartbeatsPort: Int
    public var eventsPort: Int
    /// Base of the HTTP blob routes, empty when there are none.
    public var blobURL: String
    /// What its workers show there.
    public var blobPasses: BlobPasses
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
        localFolder: String, serverKeys: ServerKeys? = nil, host: String = "127.0.0.1", workPort: Int = 50_051,
        resultsPort: Int = 50_052, heartbeatsPort: Int = 50_053, eventsPort: Int = 50_054, blobURL: String = "",
        blobPasses: BlobPasses = BlobPasses(), blobDirectory: String = ""
    ) {
        self.localFolder = localFolder
        self.serverKeys = serverKeys
        self.host = host
        self.workPort = workPort
        self.resultsPort = resultsPort
        self.heartbeatsPort = heartbeatsPort
        self.eventsPort = eventsPort
        self.blobURL = blobURL
        self.blobPasses = blobPasses
        self.blobDirectory = blobDirectory
    }

    mutating func keepPorts(of sockets: MasterSockets) {
        func port(_ domain: LinkDomain) -> Int {
            let endpoint = sockets.checked.first { $0.0 == domain }?.1
            return endpoint?.split(separator: ":").last.flatMap { Int($0) } ?? 0
        }
        workPort = port(.work)
        resultsPort = port(.results)
        heartbeatsPort = port(.heartbeats)
        eventsPort = port(.events)
    }

    func bindEndpoint(port: Int) -> String {
        let address = host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
        return "tcp://\(address):\(port == 0 ? "*" : String(port))"
    }
}

/// Where a started master listens.
public struct MasterEndpoints: Sendable, Hashable {
    /// For processes of its own machine, without keys.
    public let local: LinkEndpoints
    /// As workers elsewhere are told them; nil: it has no keys.
    public let network: LinkEndpoints?
}

/// Why a master has ended by itself.
public enum MasterError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Another master has begun a newer term on the same database.
    case superseded(term: Int64)
    /// Another master leads, and this one was told not to stand by.
    case anotherLeads
    /// The endpoints could not be bound.
    case cannotBind(String)
    /// An endpoint would let in whoever comes.
    case insecure(_ endpoint: String, _ what: String)
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
        case .insecure(let endpoint, let what):
            "The \(endpoint) endpoint \(what), so the master does not start: this libzmq does not do what it must."
        case .stopped: "The master has stopped."
        }
    }
}
