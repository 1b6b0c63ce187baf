import DequeModule

/// The logic of a pool as a value: events in, effects out; no clock, no I/O. `now` never decreases.
struct PoolStateMachine {
    struct ConnectionID: Hashable { let value: Int }
    struct WaiterID: Hashable { let value: Int }

    enum Event: Equatable {
        /// Opens the minimum of connections.
        case start
        /// A task wants a connection. A `WaiterID` is used once.
        case acquire(WaiterID)
        case waiterCancelled(WaiterID)
        case waiterTimedOut(WaiterID)
        case connected(ConnectionID)
        case connectFailed(ConnectionID)
        /// The task that leased it is done; `isUsable` false discards it.
        case released(ConnectionID, isUsable: Bool)
        case connectionBroke(ConnectionID)
        /// The time asked for by `scheduleRetry` has passed.
        case retry
        /// From time to time: closes what idled too long.
        case tick
        case close
    }

    enum Effect: Equatable {
        case connect(ConnectionID)
        case disconnect(ConnectionID)
        case lease(ConnectionID, to: WaiterID)
        case fail(WaiterID, Refusal)
        /// Send `.retry` after this time; at most one is outstanding.
        case scheduleRetry(after: Duration)
        /// `close` is complete: every connection was given back and closed. Once.
        case closed
    }

    enum Refusal: Equatable { case exhausted, cancelled, timedOut, closed }

    private enum ConnectionState: Equatable {
        case connecting
        case idle(since: Duration)
        case leased
        /// Leased, and to be thrown away when it comes back.
        case doomed
    }

    private enum Life: Equatable { case running, closing, closed }

    private let configuration: PoolConfiguration
    private var life = Life.running
    private var connections: [ConnectionID: ConnectionState] = [:]
    /// Last in, first out: the others may time out.
    private var idle: [ConnectionID] = []
    /// In order of arrival.
    private var waiters = Deque<WaiterID>()
    private var nextConnection = 0
    private var failures = 0
    private var isBackingOff = false

    init(_ configuration: PoolConfiguration) {
        self.configuration = configuration
    }

    var connectionCount: Int { connections.count }
    var idleCount: Int { idle.count }
    var waiterCount: Int { waiters.count }
    var leasedCount: Int { connections.values.count { $0 == .leased || $0 == .doomed } }
    private var connectingCount: Int { connections.values.count { $0 == .connecting } }

    mutating func handle(_ event: Event, now: Duration) -> [Effect] {
        var effects: [Effect] = []
        switch event {
        case .start: grow(&effects)
        case .acquire(let waiter): acquire(waiter, &effects)
        case .waiterCancelled(let waiter): abandon(waiter, .cancelled, &effects)
        case .waiterTimedOut(let waiter): abandon(waiter, .timedOut, &effects)
        case .connected(let connection): connected(connection, now, &effects)
        case .connectFailed(let connection): connectFailed(connection, &effects)
        case .released(let connection, let isUsable): released(connection, isUsable, now, &effects)
        case .connectionBroke(let connection): broke(connection, &effects)
        case .retry:
            isBackingOff = false
            grow(&effects)
        case .tick: reap(now, &effects)
        case .close: close(&effects)
        }
        finishClosing(&effects)
        return effects
    }

    private mutating func acquire(_ waiter: WaiterID, _ effects: inout [Effect]) {
        guard life == .running else { return effects.append(.fail(waiter, .closed)) }
        if let connection = idle.popLast() {
            connections[connection] = .leased
            return effects.append(.lease(connection, to: waiter))
        }
        // A waiter that a connection being opened will serve still counts: the bound is on tasks that wait.
        guard waiters.count < configuration.maximumWaiters else { return effects.append(.fail(waiter, .exhausted)) }
        waiters.append(waiter)
        grow(&effects)
    }

    private mutating func abandon(_ waiter: WaiterID, _ refusal: Refusal, _ effects: inout [Effect]) {
        // It may have been served while its cancellation was on the way.
        guard let position = waiters.firstIndex(of: waiter) else { return }
        waiters.remove(at: position)
        effects.append(.fail(waiter, refusal))
    }

    private mutating func connected(_ connection: ConnectionID, _ now: Duration, _ effects: inout [Effect]) {
        guard connections[connection] == .connecting else { return }
        failures = 0
        guard life == .running else { return drop(connection, &effects) }
        makeAvailable(connection, now, &effects)
        grow(&effects)
    }

    private mutating func connectFailed(_ connection: ConnectionID, _ effects: inout [Effect]) {
        guard connections[connection] == .connecting else { return }
        connections[connection] = nil
        guard life == .running else { return }
        failures += 1
        guard !isBackingOff else { return }
        isBackingOff = true
        let doubled = configuration.initialBackoff * (1 << min(failures - 1, 20))
        effects.append(.scheduleRetry(after: min(doubled, configuration.maximumBackoff)))
    }

    private mutating func released(
        _ connection: ConnectionID, _ isUsable: Bool, _ now: Duration, _ effects: inout [Effect]
    ) {
        guard let state = connections[connection] else { return }
        guard state == .leased, isUsable, life == .running else {
            drop(connection, &effects)
            return grow(&effects)
        }
        makeAvailable(connection, now, &effects)
    }

    private mutating func broke(_ connection: ConnectionID, _ effects: inout [Effect]) {
        switch connections[connection] {
        case .idle:
            idle.removeAll { $0 == connection }
            drop(connection, &effects)
            grow(&effects)
        case .leased: connections[connection] = .doomed
        case .connecting, .doomed, nil: break
        }
    }

    private mutating func makeAvailable(_ connection: ConnectionID, _ now: Duration, _ effects: inout [Effect]) {
        if let waiter = waiters.popFirst() {
            connections[connection] = .leased
            return effects.append(.lease(connection, to: waiter))
        }
        connections[connection] = .idle(since: now)
        idle.append(connection)
    }

    /// Opens one connection for each waiter no connection is being opened for, and up to the minimum.
    private mutating func grow(_ effects: inout [Effect]) {
        guard life == .running, !isBackingOff else { return }
        let forWaiters = waiters.count - connectingCount
        let forMinimum = configuration.minimumConnections - connections.count
        let room = configuration.maximumConnections - connections.count
        // After a failure one probe at a time: a server that comes back is not stormed.
        let allowed = failures > 0 ? min(room, 1 - connectingCount) : room
        for _ in 0..<max(0, min(max(forWaiters, forMinimum), allowed)) {
            let connection = ConnectionID(value: nextConnection)
            nextConnection += 1
            connections[connection] = .connecting
            effects.append(.connect(connection))
        }
    }

    private mutating func reap(_ now: Duration, _ effects: inout [Effect]) {
        // The oldest are at the front.
        while connections.count > configuration.minimumConnections, let oldest = idle.first,
            case .idle(let since) = connections[oldest], now - since >= configuration.idleTimeout
        {
            idle.removeFirst()
            drop(oldest, &effects)
        }
    }

    private mutating func drop(_ connection: ConnectionID, _ effects: inout [Effect]) {
        connections[connection] = nil
        effects.append(.disconnect(connection))
    }

    private mutating func close(_ effects: inout [Effect]) {
        guard life == .running else { return }
        life = .closing
        for waiter in waiters { effects.append(.fail(waiter, .closed)) }
        waiters.removeAll()
        for connection in idle { drop(connection, &effects) }
        idle.removeAll()
    }

    private mutating func finishClosing(_ effects: inout [Effect]) {
        guard life == .closing, connections.isEmpty else { return }
        life = .closed
        effects.append(.closed)
    }

    /// What must hold after every event; nil, or what does not.
    func violatedInvariant() -> String? {
        let idleStates = connections.filter { if case .idle = $0.value { true } else { false } }
        if Set(idle) != Set(idleStates.keys) || Set(idle).count != idle.count { return "idle list ≠ idle states" }
        if connections.count > configuration.maximumConnections { return "too many connections" }
        if waiters.count > configuration.maximumWaiters { return "too many waiters" }
        if !waiters.isEmpty, !idle.isEmpty { return "a waiter beside an idle connection" }
        if life != .running, !(waiters.isEmpty && idle.isEmpty) { return "closing with waiters or idle connections" }
        if life == .closed, !connections.isEmpty { return "closed with connections" }
        if !waiters.isEmpty, connections.isEmpty, !isBackingOff { return "a waiter nothing will serve" }
        return nil
    }
}
