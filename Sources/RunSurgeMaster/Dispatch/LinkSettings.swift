internal import RunSurgeCore
internal import RunSurgeProtocol
internal import RunSurgeScheduling
internal import ZeroMQ

/// What is needed to answer a greeting.
struct LinkSettings: Sendable {
    let term: Int64
    let workerToken: [UInt8]
    let endpoints: MasterEndpoints
    let configuration: MasterConfiguration

    /// Why a worker is not let in; nil: it is.
    func refusal(of hello: WireHello, session: SessionID, attached: Int) -> Refusal? {
        let versions = FrameCodec.versions
        guard hello.lowestVersion <= versions.upperBound, hello.highestVersion >= versions.lowerBound else {
            let isOlder = hello.highestVersion < versions.lowerBound
            return Refusal(
                code: "version",
                reason: "This master speaks RSP/\(versions.lowerBound) to RSP/\(versions.upperBound), the worker "
                    + "RSP/\(hello.lowestVersion) to RSP/\(hello.highestVersion): upgrade the "
                    + (isOlder ? "worker." : "master."),
                retry: false)
        }
        guard Self.areEqual(Array(hello.workerToken.utf8), workerToken) else {
            return Refusal(code: "unauthorized", reason: "The worker token is not this master's.", retry: false)
        }
        let isValid =
            session != 0 && (1...4_096).contains(hello.slots) && hello.memoryBytes > 0
            && (1...Limits.nameBytes).contains(hello.nodeName.utf8.count) && !hello.nodeName.utf8.contains(0)
        guard isValid else {
            return Refusal(code: "invalid", reason: "The greeting's slots, memory or name are invalid.", retry: false)
        }
        guard attached < configuration.sessions else {
            return Refusal(
                code: "full", reason: "\(configuration.sessions) workers are attached already.", retry: true)
        }
        return nil
    }

    func welcome(version: UInt32, node: NodeID?, _ keep: [LeaseToken], _ cancel: [LeaseToken]) -> WireMasterMessage {
        var welcome = WireWelcome()
        welcome.version = version
        welcome.term = term
        welcome.nodeID = node?.rawValue ?? 0
        welcome.resultsEndpoint = endpoints.results
        welcome.heartbeatsEndpoint = endpoints.heartbeats
        welcome.eventsEndpoint = endpoints.events
        welcome.blobURL = configuration.blobURL
        welcome.blobToken = configuration.blobToken
        welcome.blobDirectory = configuration.blobDirectory
        welcome.leaseMilliseconds = UInt32(clamping: configuration.dispatch.leaseDuration.wholeMilliseconds)
        welcome.heartbeatMilliseconds = UInt32(clamping: configuration.heartbeatInterval.wholeMilliseconds)
        welcome.keep = LeaseToken.wireRuns(of: keep)
        welcome.cancel = LeaseToken.wireRuns(of: cancel)
        return MasterMessageWriter.message(.welcome(welcome))
    }

    /// In a time that tells nothing of where they differ.
    static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

struct Refusal: Sendable, Equatable {
    let code: String
    let reason: String
    /// Whether the same greeting may succeed later.
    let retry: Bool
}

/// A worker that has said Hello and is not attached yet.
struct Greeting: Sendable {
    let peer: Frame
    let session: SessionID
    let hello: WireHello

    var attachment: NodeAttachment {
        NodeAttachment(name: hello.nodeName, owner: nil, slots: Int(hello.slots), memory: hello.memoryBytes)
    }

    /// The newest that both sides speak.
    var version: UInt32 { min(hello.highestVersion, FrameCodec.versions.upperBound) }
}

extension WorkerHello {
    init(session: SessionID, node: NodeID, wire: WireHello) {
        self.init(
            session: session, node: node, slots: Int(wire.slots), memory: wire.memoryBytes,
            pythonVersion: wire.pythonVersion,
            modules: Set(
                wire.modules.prefix(Limits.workerModules).filter { $0.utf8.count <= Limits.moduleNameBytes }),
            held: (try? LeaseToken.expanding(wire.held)) ?? [])
    }
}

extension Duration {
    /// Rounded down.
    var wholeMilliseconds: Int64 { components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000 }
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
