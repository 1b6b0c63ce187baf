import RunSurgeCore
import Testing

@testable import RunSurgeScheduling

/// A machine with a clock, and names for the work of a few jobs; checks the invariant after every event.
struct WorkerScenario {
    private(set) var machine: WorkerMachine
    private(set) var now = MonotonicTime(nanoseconds: 1_000_000_000)

    init(slots: Int, seed: UInt64 = 1) {
        machine = WorkerMachine(settings: WorkerSettings(slots: slots, memoryBytes: 1_000), seed: seed)
    }

    static func attached(slots: Int, lease: Duration = .seconds(30)) -> WorkerScenario {
        var scenario = WorkerScenario(slots: slots)
        _ = scenario.advance(.zero)
        _ = scenario.feed(.opened(session: 7))
        _ = scenario.feed(.welcomed(term: 1, lease: lease, keep: [], cancel: []))
        return scenario
    }

    mutating func feed(_ event: WorkerEvent) -> [WorkerEffect] {
        let effects = machine.handle(event, now: now)
        if let broken = machine.brokenInvariant { Issue.record("\(broken) after \(event)") }
        return effects
    }

    mutating func advance(_ time: Duration) -> [WorkerEffect] {
        now = now + time
        return feed(.tick)
    }

    /// Lets time pass without the machine being told.
    mutating func pause(_ time: Duration) { now = now + time }

    func key(_ index: Int64, job: Int64 = 1) -> WorkKey {
        WorkKey(job: JobID(job), region: RegionID(job * 10), chunk: index)
    }

    func token(_ index: Int64, job: Int64 = 1, epoch: Int64 = 1) -> LeaseToken {
        LeaseToken(key: key(index, job: job), term: 1, epoch: epoch, session: 7)
    }

    func chunk(_ index: Int64, job: Int64 = 1, epoch: Int64 = 1, memory: Int64 = 100) -> WorkUnit {
        WorkUnit(token: token(index, job: job, epoch: epoch), memory: memory)
    }

    func driver(_ job: Int64 = 1, epoch: Int64 = 1) -> WorkUnit {
        let token = LeaseToken(key: .driver(of: JobID(job)), term: 1, epoch: epoch, session: 7)
        return WorkUnit(token: token, memory: 1_000)
    }
}

extension [WorkerEffect] {
    var pulls: [WorkerCredit] { compactMap { if case .pull(let credit) = $0 { credit } else { nil } } }
    var runs: [(LeaseToken, WorkerProcessID)] {
        compactMap { if case .run(let token, let process, _) = $0 { (token, process) } else { nil } }
    }
    var started: [WorkerProcessID] {
        compactMap { if case .startProcess(let process, _, _, _) = $0 { process } else { nil } }
    }
}
