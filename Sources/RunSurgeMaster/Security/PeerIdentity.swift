internal import RunSurgeCore

/// Who sent a message, as the ZAP handler found when the connection was made. libzmq puts its text, the User-Id, on
/// every payload frame; nothing that a peer says of itself counts.
enum PeerIdentity: Hashable, Sendable {
    /// A process that may enter the cluster's folder on this machine.
    case local
    /// The key is part of it: what a revoked key sends is not its node's, though that may have a new one.
    case node(NodeID, key: KeyID)
    case monitor(key: KeyID)

    init?(_ key: NodeKey) {
        switch (key.kind, key.node) {
        case (.worker, let node?): self = .node(node, key: key.id)
        case (.monitor, nil): self = .monitor(key: key.id)
        case (.worker, nil), (.monitor, _): return nil
        }
    }

    var userID: String {
        switch self {
        case .local: "local"
        case .node(let node, let key): "node/\(node)/\(key)"
        case .monitor(let key): "monitor/\(key)"
        }
    }

    /// Whom its key speaks for; nil when it has none or is a monitor.
    var node: NodeID? { if case .node(let node, _) = self { node } else { nil } }

    /// Whether it may take and do work.
    var isWorker: Bool {
        switch self {
        case .local, .node: true
        case .monitor: false
        }
    }
}

/// The ZAP domains, one an endpoint.
enum LinkDomain: String, Sendable, CaseIterable {
    case work, results, heartbeats, events
    /// All endpoints in the cluster's folder: its mode is what guards them.
    case local

    /// Those behind CURVE.
    static let network: [LinkDomain] = [.work, .results, .heartbeats, .events]
}
