public import RunSurgeCore
import Synchronization

/// Keys of the links in memory, with the rules of the port.
public final class MemoryEnrolment: EnrolmentStore {
    private struct Token {
        let kind: KeyKind
        let owner: UserID
        let expires: Timestamp
        var key: KeyID?
    }

    private struct State {
        var tokens: [[UInt8]: Token] = [:]
        var keys: [NodeKey] = []
        var nodes: [String: NodeID] = [:]
        var serverKeys: [[UInt8]] = []
        var waiters: [CheckedContinuation<Void, Never>] = []
        var hasChanged = false
    }

    private let state = Mutex(State())
    /// Wall clock of the test, microseconds since 1970.
    private let now: @Sendable () -> Int64
    private let isSilent: Bool

    /// - Parameter isSilent: changes wake nobody, as when the notification is lost.
    public init(isSilent: Bool = false, now: @escaping @Sendable () -> Int64 = { 0 }) {
        self.isSilent = isSilent
        self.now = now
    }

    public func addEnrolmentToken(hash: [UInt8], kind: KeyKind, owner: UserID, expires: Timestamp) async throws {
        state.withLock { $0.tokens[hash] = Token(kind: kind, owner: owner, expires: expires) }
    }

    public func enrol(
        tokenHash: [UInt8], publicKey: [UInt8], name: String, address: String
    ) async throws -> NodeKey? {
        let key = try state.withLock { state -> NodeKey? in
            guard let token = state.tokens[tokenHash] else { return nil }
            if let spentOn = token.key {
                return state.keys.first { $0.id == spentOn && $0.publicKey == publicKey && $0.revokedAt == nil }
            }
            guard token.expires.microseconds > now() else { return nil }
            let key = try Self.add(publicKey, token.kind, token.owner, name, &state)
            state.tokens[tokenHash]?.key = key.id
            return key
        }
        if key != nil { wake() }
        return key
    }

    /// Lets a key in without a token.
    public func add(_ publicKey: [UInt8], kind: KeyKind = .worker, name: String) throws -> NodeKey {
        let key = try state.withLock { try Self.add(publicKey, kind, UserID(1), name, &$0) }
        wake()
        return key
    }

    private static func add(
        _ publicKey: [UInt8], _ kind: KeyKind, _ owner: UserID, _ name: String, _ state: inout State
    ) throws -> NodeKey {
        guard !state.keys.contains(where: { $0.publicKey == publicKey }) else {
            throw StoreError.conflict(field: "public_key")
        }
        var free = name
        var number = 1
        while let node = state.nodes["\(owner) \(free)"],
            state.keys.contains(where: { $0.node == node && $0.revokedAt == nil })
        {
            number += 1
            free = "\(name)-\(number)"
        }
        var node: NodeID?
        if kind == .worker {
            node = state.nodes["\(owner) \(free)"] ?? NodeID(Int64(100 + state.nodes.count))
            state.nodes["\(owner) \(free)"] = node
        }
        let key = NodeKey(
            id: KeyID(Int64(state.keys.count + 1)), kind: kind, node: node, owner: owner, name: free,
            publicKey: publicKey, createdAt: Timestamp(microseconds: 0), revokedAt: nil)
        state.keys.append(key)
        return key
    }

    public func announceNode(name: String, owner: UserID) async throws -> Node {
        let id = state.withLock { state in
            let id = state.nodes["\(owner) \(name)"] ?? NodeID(Int64(100 + state.nodes.count))
            state.nodes["\(owner) \(name)"] = id
            return id
        }
        return Node(
            id: id, owner: owner, name: name, slots: 0, memory: 0, isAlive: false,
            createdAt: Timestamp(microseconds: now()), lastSeenAt: nil, completedChunks: 0)
    }

    public func keys(owner: UserID, limit: Int) async throws -> [NodeKey] {
        state.withLock { Array($0.keys.filter { $0.owner == owner }.reversed().prefix(limit)) }
    }

    public func revoke(_ target: RevocationTarget, owner: UserID) async throws -> NodeKey? {
        let key = state.withLock { state -> NodeKey? in
            let index = state.keys.lastIndex {
                switch target {
                case .key(let id): $0.id == id
                case .node(let node): $0.node == node
                }
            }
            guard let index, state.keys[index].owner == owner else { return nil }
            let key = state.keys[index]
            state.keys[index] = NodeKey(
                id: key.id, kind: key.kind, node: key.node, owner: key.owner, name: key.name,
                publicKey: key.publicKey, createdAt: key.createdAt,
                revokedAt: key.revokedAt ?? Timestamp(microseconds: 1))
            return state.keys[index]
        }
        if key != nil { wake() }
        return key
    }

    public func validKeys() async throws -> [NodeKey] { state.withLock { $0.keys.filter { $0.revokedAt == nil } } }

    public func announceServerKeys(current: [UInt8], next: [UInt8], retired: [[UInt8]]) async throws {
        state.withLock { state in
            state.serverKeys.removeAll { [current, next].contains($0) || retired.contains($0) }
            state.serverKeys = [current, next] + state.serverKeys
        }
        wake()
    }

    public func serverKeys() async throws -> [[UInt8]] { state.withLock { $0.serverKeys } }

    // MARK: Waking

    public func waitForKeyChange(within: Duration) async throws {
        let timeout = Task {
            try await Task.sleep(for: within)
            wake(always: true)
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    if state.hasChanged || Task.isCancelled {
                        state.hasChanged = false
                        return true
                    }
                    state.waiters.append(continuation)
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            wake(always: true)
        }
        timeout.cancel()
        try Task.checkCancellation()
    }

    private func wake(always: Bool = false) {
        guard always || !isSilent else { return }
        let waiters = state.withLock { state in
            defer { state.waiters = [] }
            state.hasChanged = state.waiters.isEmpty
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}
