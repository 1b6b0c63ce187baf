internal import Foundation
internal import RunSurgeCore
internal import RunSurgeProtocol
internal import RunSurgeScheduling
internal import ZeroMQ

/// What is needed to answer a greeting.
struct LinkSettings: Sendable {
    let term: Int64
    let local: LinkEndpoints
    let network: LinkEndpoints?
    let keys: AdmittedKeys
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

    func welcome(
        _ identity: PeerIdentity, version: UInt32, node: NodeID?, serverKeys: [[UInt8]], _ keep: [LeaseToken],
        _ cancel: [LeaseToken]
    ) -> WireMasterMessage {
        // Who came over the network is sent on over the network.
        let endpoints = identity == .local ? local : network ?? local
        var welcome = WireWelcome()
        welcome.version = version
        welcome.term = term
        welcome.nodeID = node?.rawValue ?? 0
        welcome.resultsEndpoint = endpoints.results
        welcome.heartbeatsEndpoint = endpoints.heartbeats
        welcome.eventsEndpoint = endpoints.events
        welcome.blobURL = configuration.blobURL
        welcome.blobToken = configuration.blobPasses.pass(for: identity)
        welcome.blobDirectory = configuration.blobDirectory
        welcome.leaseMilliseconds = UInt32(clamping: configuration.dispatch.leaseDuration.wholeMilliseconds)
        welcome.heartbeatMilliseconds = UInt32(clamping: configuration.heartbeatInterval.wholeMilliseconds)
        welcome.keep = LeaseToken.wireRuns(of: keep)
        welcome.cancel = LeaseToken.wireRuns(of: cancel)
        welcome.serverKeys = serverKeys.map { Data($0) }
        return MasterMessageWriter.message(.welcome(welcome))
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
    let sender: PeerIdentity
    let session: SessionID
    let hello: WireHello

    /// The node is that of the key; only who comes without one, from this machine, is known by name.
    var attachment: NodeAttachment {
        NodeAttachment(
            enrolled: sender.node, name: hello.nodeName, owner: nil, slots: Int(hello.slots), memory: hello.memoryBytes)
    }

    /// The newest that both sides speak.
    var version: UInt32 { min(hello.highestVersion, FrameCodec.versions.upperBound) }
}

extension WorkerHello {
    /// - Parameter isForeign: whether a lease is another's.
    init(session: SessionID, node: NodeID, wire: WireHello, isForeign: (LeaseToken) -> Bool) {
        self.init(
            session: session, node: node, slots: Int(wire.slots), memory: wire.memoryBytes,
            pythonVersion: wire.pythonVersion,
            modules: Set(
                wire.modules.prefix(Limits.workerModules).filter { $0.utf8.count <= Limits.moduleNameBytes }),
            held: ((try? LeaseToken.expanding(wire.held)) ?? []).filter { !isForeign($0) })
    }
}

extension Duration {
    /// Rounded down.
    var wholeMilliseconds: Int64 { components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000 }
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
