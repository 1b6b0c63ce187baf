import RunSurgeCore
import RunSurgeScheduling
import Testing

/// A dispatch machine with the clock in one's own hand. Checks the machine's invariants after every step.
struct Bench {
    var machine: DispatchMachine
    var now = MonotonicTime(nanoseconds: 1_000_000_000_000)
    private var sequences: [SessionID: UInt64] = [:]

    init(term: Int64 = 1, configuration: DispatchConfiguration = DispatchConfiguration()) {
        machine = DispatchMachine(term: term, configuration: configuration)
    }

    @discardableResult
    mutating func step(_ events: DispatchEvent..., after wait: Duration = .zero) -> [DispatchEffect] {
        now = now + wait
        let effects = machine.handle(events, now: now)
        if let broken = machine.brokenInvariant { Issue.record("\(broken) after \(events)") }
        return effects
    }

    /// Lets time pass in steps that are no stall, with the given events at each.
    mutating func pass(_ duration: Duration, _ events: (inout Bench) -> [DispatchEvent] = { _ in [] })
        -> [DispatchEffect]
    {
        var effects: [DispatchEffect] = []
        var passed = Duration.zero
        while passed < duration {
            passed += .milliseconds(500)
            now = now + .milliseconds(500)
            effects += machine.handle(events(&self) + [.tick], now: now)
            if let broken = machine.brokenInvariant { Issue.record("\(broken)") }
        }
        return effects
    }

    // MARK: Shorthands

    static func job(
        _ id: Int64, owner: Int64 = 1, state: JobState = .pendingSchedule, epoch: Int64 = 0, priority: Int = 0,
        splitting: Bool = true, requiredMemory: Int64? = nil
    ) -> Job {
        let script = FileEntry(path: "/job/s.py", blob: .empty, modifiedNanoseconds: 0, mode: 0o644)
        return Job(
            id: JobID(id), owner: UserID(owner),
            specification: JobSpecification(
                name: "s", script: script, minSplitSeconds: 0, isSplittingAllowed: splitting, priority: priority,
                requiredMemory: requiredMemory),
            state: state, createdAt: Timestamp(microseconds: 0), startedAt: nil, finishedAt: nil, plan: [],
            outcome: nil,
            failure: nil, driverEpoch: epoch)
    }

    static func loaded(_ job: Job, regions: [StoredRegion] = [], modules: Set<String> = []) -> DispatchEvent {
        .jobLoaded(LoadedJob(job: job, plan: .inline([]), regions: regions, modules: modules))
    }

    mutating func hello(
        _ session: SessionID, node: Int64 = 1, slots: Int = 2, memory: Int64 = 4 << 30, python: String = "3.11.2",
        modules: Set<String> = [], held: [LeaseToken] = []
    ) -> [DispatchEffect] {
        step(
            .hello(
                WorkerHello(
                    session: session, node: NodeID(node), slots: slots, memory: memory, pythonVersion: python,
                    modules: modules, held: held)))
    }

    mutating func pull(
        _ session: SessionID, free: Int, prefetch: Int = 0, memory: Int64 = 4 << 30, held: [LeaseToken] = []
    ) -> [DispatchEffect] {
        step(pullEvent(session, free: free, prefetch: prefetch, memory: memory, held: held))
    }

    mutating func pullEvent(
        _ session: SessionID, free: Int, prefetch: Int = 0, memory: Int64 = 4 << 30, held: [LeaseToken] = []
    ) -> DispatchEvent {
        sequences[session, default: 0] += 1
        return .pull(
            session,
            WorkerPull(
                freeSlots: free, prefetch: prefetch, freeMemory: memory, held: held,
                sequence: sequences[session, default: 1]))
    }

    static func region(
        _ id: Int64, job: Int64, chunks: Int64, node: Int64 = 5, entry: Int64 = 0, completed: [Int64] = [],
        epochs: [Int64: Int64] = [:], peak: Int64 = 32 << 20, isClosed: Bool = false,
        spent: StoredRegion.Spent = .init()
    ) -> StoredRegion {
        StoredRegion(
            region: Region(
                id: RegionID(id), job: JobID(job), node: node, line: 3, entry: entry, digest: [], sourceJSON: [],
                modesJSON: [1], environment: .inline([]), blobs: [],
                ranges: .even(first: 0, last: chunks * 10, step: 10), prefixRecords: 7, predictedPeak: peak),
            completed: completed, epochs: epochs, isClosed: isClosed, spent: spent)
    }

    static func offer(
        _ driver: LeaseToken, request: UInt64 = 1, node: Int64 = 5, entry: Int64 = 0, units: Int64 = 80
    ) -> RegionOffer {
        RegionOffer(
            key: RegionRequestKey(driver: driver, request: request), node: node, line: 3, entry: entry, digest: [1],
            sourceJSON: [], modesJSON: [1], demand: .init(units: 0..<units, secondsPerUnit: 0.01, bytesPerUnit: 10),
            prefixRecords: 7, environment: .inline([]), blobs: [])
    }

    static func result(
        _ token: LeaseToken, _ status: OutcomeStatus = .completed, bytes: Int = 10, seconds: Double = 0.1,
        range: Range<Int64>? = nil, peak: Int64 = 20 << 20
    ) -> ChunkResult {
        let index = token.key.chunk
        return ChunkResult(
            token: token, node: nil,
            outcome: ChunkOutcome(
                index: index, status: status, records: 10, range: range ?? (index * 10)..<(index * 10 + 10),
                effects: .inline([UInt8](repeating: 1, count: bytes)), reason: "", variable: "", line: 3,
                wallMicroseconds: Int64(seconds * 1e6), cpuMicroseconds: Int64(seconds * 1e6), peakBytes: peak))
    }

    static func committed(
        _ results: [ChunkResult], from session: SessionID, _ verdict: ResultVerdict? = .accepted
    ) -> DispatchEvent {
        .committed(results.map { ResultVerdictRecord(result: $0, session: session, verdict: verdict) })
    }

    /// Runs the oldest of the held chunks to its committed end, with one slot and its result before the next Pull.
    mutating func runNext(
        on session: SessionID, held: inout [LeaseToken], seconds: (LeaseToken) -> Double = { _ in 0.1 }
    ) throws -> LeaseToken {
        held += pull(session, free: held.isEmpty ? 1 : 0, held: held).tokens
        try #require(!held.isEmpty, "there is nothing to run")
        let token = held.removeFirst()
        let result = Bench.result(token, seconds: seconds(token))
        held += step(.results(session, [result])).tokens
        held += step(Bench.committed([result], from: session)).tokens
        return token
    }

    /// Attaches a worker, starts the job's driver on it and opens a region of `chunks`; the driver's token.
    mutating func driverWithRegion(
        job: Int64 = 1, owner: Int64 = 1, region: Int64 = 1, chunks: Int64 = 8, session: SessionID = 10,
        peak: Int64 = 32 << 20
    ) throws -> LeaseToken {
        _ = hello(session)
        _ = step(Bench.loaded(Bench.job(job, owner: owner)))
        let driver = try #require(pull(session, free: 3).tokens.first { $0.key == .driver(of: JobID(job)) })
        _ = pull(session, free: 0, held: [driver])
        let effects = step(.regionRequested(session, Bench.offer(driver)))
        let key = try #require(effects.openedRegions.first)
        let answers = step(.regionOpened(key, Bench.region(region, job: job, chunks: chunks, peak: peak))).answers
        #expect(answers.map(\.region) == [RegionID(region)])
        return driver
    }
}

extension [DispatchEffect] {
    var assigned: [Assignment] {
        flatMap { effect -> [Assignment] in if case .assign(_, let items, _) = effect { items } else { [] } }
    }

    func assigned(to session: SessionID) -> [Assignment] {
        flatMap { effect -> [Assignment] in
            if case .assign(session, let items, _) = effect { items } else { [] }
        }
    }

    var chunks: [Int64] { assigned.filter { !$0.token.key.isDriver }.map(\.token.key.chunk) }
    var tokens: [LeaseToken] { assigned.map(\.token) }
    var accepts: [[ChunkResult]] { compactMap { if case .accept(let results, _) = $0 { results } else { nil } } }
    var losses: [AttemptLoss] {
        flatMap { effect -> [AttemptLoss] in if case .recordLosses(let losses) = effect { losses } else { [] } }
    }

    var openedRegions: [RegionRequestKey] { compactMap { if case .openRegion(let key, _) = $0 { key } else { nil } } }
    var closed: [RegionID] { compactMap { if case .closeRegion(let region, _) = $0 { region } else { nil } } }
    var answers: [RegionAnswer] { compactMap { if case .answer(_, let answer) = $0 { answer } else { nil } } }
    var delivered: [ChunkOutcome] {
        flatMap { effect -> [ChunkOutcome] in if case .deliver(_, _, _, let results) = effect { results } else { [] } }
    }

    var cancelled: [LeaseToken] {
        flatMap { effect -> [LeaseToken] in if case .cancel(_, let tokens, _) = effect { tokens } else { [] } }
    }

    var verdicts: [TokenVerdict] {
        flatMap { effect -> [TokenVerdict] in if case .acknowledge(_, let verdicts) = effect { verdicts } else { [] } }
    }

    var nodeChanges: [NodeStatus] { compactMap { if case .nodeChanged(let status) = $0 { status } else { nil } } }
    var drained: [SessionID] { compactMap { if case .drain(let session, _) = $0 { session } else { nil } } }
    var released: [JobID] { compactMap { if case .releaseDriver(let job, _) = $0 { job } else { nil } } }
    var failures: [String] { compactMap { if case .failJob(_, let reason) = $0 { reason } else { nil } } }
    var fetches: [Int64] { compactMap { if case .fetchResults(_, let from, _) = $0 { from } else { nil } } }
    var kept: [LeaseToken] {
        flatMap { effect -> [LeaseToken] in if case .welcome(_, let keep, _) = effect { keep } else { [] } }
    }

    var refused: [LeaseToken] {
        flatMap { effect -> [LeaseToken] in if case .welcome(_, _, let cancel) = effect { cancel } else { [] } }
    }

}
