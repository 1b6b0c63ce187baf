public import RunSurgeCore

/// The agent's decisions: whom to greet, how much work to ask for, which process runs what, whose slot it is.
///
/// Pure: the shell feeds it events with a time that never goes back and counts suspended time too, and carries out
/// the effects in order. The only randomness is the jitter, drawn from the seed.
public struct WorkerMachine: Sendable {
    enum Link: Equatable {
        case closed(until: MonotonicTime)
        case opening
        case greeting(session: UInt64, attempts: Int, next: MonotonicTime)
        case attached(session: UInt64)
        case stopped
    }

    /// Where a lease stands.
    enum Stage: Equatable {
        case queued
        case running(slot: Int)
        /// A driver without a slot, which wants none now.
        case waiting
        /// A driver in line for a slot.
        case wanting
        /// Killed; its processes are not gone yet.
        case dying
        /// Its result is not acknowledged yet.
        case finished
    }

    struct Held {
        var token: LeaseToken
        let memory: Int64
        /// Order of arrival.
        let serial: UInt64
        var stage: Stage
    }

    let settings: WorkerSettings
    var link = Link.closed(until: MonotonicTime(nanoseconds: 0))
    /// Of the newest master heard of.
    var term: Int64 = 0
    var lease: Duration = .seconds(30)
    var lastHeard: MonotonicTime?
    var failures = 0
    var jitter: UInt64

    var held: [WorkKey: Held] = [:]
    var slots: [WorkerSlot]
    /// Keys in `queued`, chunks only, oldest first; entries that have left that stage are skipped.
    var queue: [WorkKey] = []
    var driverQueue: [WorkKey] = []
    /// Drivers in `wanting`, first come first served.
    var wanting: [WorkKey] = []
    var pace = ChunkPace()
    /// It takes nothing new.
    public internal(set) var isDraining = false
    var isCongested = false
    var lastSerial: UInt64 = 0
    var lastProcess: UInt64 = 0
    var pullSequence: UInt64 = 0
    var lastPull: MonotonicTime?
    /// What the last Pull offered and has not been used since.
    var offered = (free: 0, prefetch: 0)

    public init(settings: WorkerSettings, seed: UInt64) {
        self.settings = settings
        jitter = seed
        slots = Array(repeating: WorkerSlot(), count: settings.slots)
    }

    /// Takes one event. `now` counts from an arbitrary origin.
    public mutating func handle(_ event: WorkerEvent, now: MonotonicTime) -> [WorkerEffect] {
        handle(CollectionOfOne(event), now: now)
    }

    /// Takes events in order, and looks once at what follows from all of them.
    public mutating func handle(_ events: some Collection<WorkerEvent>, now: MonotonicTime) -> [WorkerEffect] {
        var effects: [WorkerEffect] = []
        // First of all: what comes may be as old as the silence.
        letGo(now, &effects)
        for event in events { apply(event, now, &effects) }
        keepLink(now, &effects)
        fill(now, &effects)
        retire(now, &effects)
        pull(now, &effects)
        return effects
    }

    private mutating func apply(_ event: WorkerEvent, _ now: MonotonicTime, _ effects: inout [WorkerEffect]) {
        switch event {
        case .opened(let session): opened(session, now, &effects)
        case .welcomed(let term, let lease, let keep, let cancel):
            welcomed(term: term, lease: lease, keep: keep, cancel: cancel, now, &effects)
        case .refused(let reason, let retry):
            refused(reason, retry: retry, now)
            if !retry { effects.append(.stop(reason: reason)) }
        case .heard(let term): heard(term, now)
        case .assigned(let units): assigned(units, now, &effects)
        case .cancelled(let tokens): drop(tokens, &effects)
        case .settled(let tokens): settle(tokens, &effects)
        case .recovered(let tokens): recover(tokens)
        case .congested(let value): isCongested = value
        case .draining: drain(&effects)
        case .resumed: isDraining = false
        case .finished(let key, let seconds): finished(key, seconds: seconds, now)
        case .processEnded(let id): processEnded(id, now, &effects)
        case .driverWaits(let key): driverWaits(key)
        case .driverWantsSlot(let key): driverWantsSlot(key)
        case .driverEnded(let key): driverEnded(key)
        case .tick: reportStarts(now, &effects)
        }
    }

    /// When `tick` is due at the latest.
    public func nextDeadline(now: MonotonicTime) -> MonotonicTime {
        var deadline = now + .seconds(1)
        switch link {
        case .closed(let until): deadline = min(deadline, until)
        case .greeting(_, _, let next): deadline = min(deadline, next)
        case .opening, .attached, .stopped: break
        }
        return deadline
    }

    /// Nothing is queued, runs, or waits to be acknowledged.
    public var isEmpty: Bool { held.isEmpty }
    /// Nothing is queued or runs.
    public var isIdle: Bool { held.values.allSatisfy { $0.stage == .finished } }
    public var busySlots: Int { slots.count { !$0.isFree } }
    public var waitingDrivers: Int { held.values.count { $0.stage == .waiting || $0.stage == .wanting } }
    public var queuedChunks: Int { queue.count }
    public func token(of key: WorkKey) -> LeaseToken? { held[key]?.token }
    /// Whether this very lease is held, under whatever session it was granted.
    public func holds(_ token: LeaseToken) -> Bool { held[token.key]?.token.epoch == token.epoch }

    /// The memory meant for everything that computes now. A driver may take all of the worker's, and seldom does: its
    /// slot's share is counted, or no two drivers could run at a time.
    var memoryInUse: Int64 {
        slots.reduce(0) { sum, slot in
            let driver = slot.driver == nil ? 0 : settings.slotMemory
            return sum + driver + slot.processMemory
        }
    }
}
