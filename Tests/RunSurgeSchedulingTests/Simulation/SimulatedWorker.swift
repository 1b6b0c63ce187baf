import RunSurgeCore
import RunSurgeScheduling

/// A worker agent as the dispatcher sees it: it takes what it is given, runs it for a while, and keeps every result
/// until it is acknowledged.
struct SimulatedWorker {
    enum Stage {
        case queued
        case running(until: Int)
        case finished(ChunkResult)
        /// A driver that waits for its region, or works between two.
        case driving(Driver)
        case driverEnded
    }

    struct Driver {
        var entry: Int64 = 0
        var region: RegionID?
        var chunks: Int64 = 0
        var committed: Int64 = 0
        var asked = false
    }

    /// What the worker wants sent; chunks' results travel another way than the rest.
    enum Outgoing {
        case work(DispatchEvent)
        case result(DispatchEvent)
    }

    let node: NodeID
    let slots: Int
    let prefetch: Int
    var session: SessionID
    var isAttached = false
    var held: [(token: LeaseToken, stage: Stage)] = []
    var sequence: UInt64 = 0
    var lastPull = Int.min
    var mustPull = false
    var outgoing: [Outgoing] = []
    /// What went wrong, for the simulation to report.
    var complaint: String?
    static let entries: Int64 = 2

    init(node: NodeID, slots: Int, prefetch: Int, session: SessionID) {
        self.node = node
        self.slots = slots
        self.prefetch = prefetch
        self.session = session
    }

    private func index(_ token: LeaseToken) -> Int? { held.firstIndex { $0.token == token } }

    private var unfinishedChunks: Int {
        held.count { item in
            switch item.stage {
            case .queued, .running: true
            case .finished, .driving, .driverEnded: false
            }
        }
    }

    var hello: DispatchEvent {
        .hello(
            WorkerHello(
                session: session, node: node, slots: slots, memory: Int64(slots) << 30, pythonVersion: "3.11.2",
                held: held.map(\.token)))
    }

    // MARK: From the master

    mutating func receive(_ effect: DispatchEffect, now: Int, random: inout SeededRandom) {
        mustPull = true
        switch effect {
        case .welcome(_, let keep, _): welcomed(keep)
        case .assign(_, let items, _): for item in items { take(item) }
        case .acknowledge(_, let verdicts): held.removeAll { item in verdicts.contains { $0.token == item.token } }
        case .cancel(_, let tokens, _): held.removeAll { tokens.contains($0.token) }
        case .answer(_, let answer): answered(answer)
        case .deliver(_, let driver, let region, let outcomes): delivered(driver, region, outcomes)
        default: break
        }
    }

    private mutating func welcomed(_ keep: [LeaseToken]) {
        isAttached = true
        held.removeAll { item in
            if case .finished = item.stage { return false }
            if case .driverEnded = item.stage { return false }
            return !keep.contains(item.token)
        }
        for (token, stage) in held {
            switch stage {
            case .finished(let result): outgoing.append(.result(.results(session, [result])))
            case .driverEnded: outgoing.append(.result(.driverEnded(session, token, .finished)))
            case .driving(let driver):
                if let region = driver.region { progress(token, region, driver.committed) } else { ask(token, driver) }
            case .queued, .running: break
            }
        }
    }

    private mutating func take(_ item: Assignment) {
        guard index(item.token) == nil else { return }
        if item.token.key.isDriver {
            held.append((item.token, .driving(Driver())))
        } else {
            held.append((item.token, .queued))
            if unfinishedChunks > slots + prefetch { complaint = "\(unfinishedChunks) chunks at a worker of \(slots)" }
        }
    }

    private mutating func answered(_ answer: RegionAnswer) {
        guard let index = index(answer.key.driver), case .driving(var driver) = held[index].stage,
            answer.key.request == UInt64(driver.entry), driver.region == nil
        else { return }
        guard let region = answer.region else {
            // Declined: run natively, that is at once.
            driver = Driver(entry: driver.entry + 1)
            held[index].stage = .driving(driver)
            return
        }
        (driver.region, driver.chunks) = (region, answer.chunks)
        held[index].stage = .driving(driver)
        progress(answer.key.driver, region, 0)
    }

    private mutating func delivered(_ token: LeaseToken, _ region: RegionID, _ outcomes: [ChunkOutcome]) {
        guard let index = index(token), case .driving(var driver) = held[index].stage, driver.region == region else {
            return
        }
        var isOver = false
        for outcome in outcomes where outcome.index >= driver.committed && !isOver {
            if outcome.index != driver.committed {
                complaint = "chunk \(outcome.index) was delivered where \(driver.committed) was due"
                return
            }
            if outcome.status == .completed { driver.committed += 1 } else { isOver = true }
        }
        if isOver || driver.committed == driver.chunks {
            outgoing.append(
                .work(.regionClosed(session, driver: token, region, committed: driver.committed)))
            held[index].stage = .driving(Driver(entry: driver.entry + 1))
        } else {
            held[index].stage = .driving(driver)
            progress(token, region, driver.committed)
        }
    }

    private mutating func progress(_ token: LeaseToken, _ region: RegionID, _ committed: Int64) {
        outgoing.append(
            .work(
                .regionProgress(session, driver: token, region, committed: committed, windowBytes: 2_000)))
    }

    private mutating func ask(_ token: LeaseToken, _ driver: Driver) {
        guard driver.asked else { return }
        let offer = RegionOffer(
            key: RegionRequestKey(driver: token, request: UInt64(driver.entry)), node: 5, line: 3,
            entry: driver.entry, digest: [UInt8(driver.entry)], sourceJSON: [], modesJSON: [],
            demand: .init(units: 0..<400, secondsPerUnit: 0.01, bytesPerUnit: 1_000), prefixRecords: 1,
            environment: .inline([]), blobs: [])
        outgoing.append(.work(.regionRequested(session, offer)))
    }

    // MARK: By itself

    mutating func step(now: Int, random: inout SeededRandom) {
        guard isAttached else { return }
        for index in held.indices { advance(index, now: now, random: &random) }
        startQueued(now: now, random: &random)
        if mustPull || now - lastPull >= 3_000 { pull(now) }
    }

    private mutating func advance(_ index: Int, now: Int, random: inout SeededRandom) {
        let token = held[index].token
        switch held[index].stage {
        case .running(let end) where end <= now:
            let result = ChunkResult(token: token, node: nil, outcome: outcome(token, &random))
            held[index].stage = .finished(result)
            outgoing.append(.result(.results(session, [result])))
            mustPull = true
        case .driving(var driver) where driver.entry == Self.entries:
            driver.region = nil
            held[index].stage = .driverEnded
            outgoing.append(.result(.driverEnded(session, token, .finished)))
            mustPull = true
        case .driving(var driver) where !driver.asked:
            driver.asked = true
            held[index].stage = .driving(driver)
            ask(token, driver)
        default: break
        }
    }

    private func outcome(_ token: LeaseToken, _ random: inout SeededRandom) -> ChunkOutcome {
        let fate = Double.random(in: 0..<1, using: &random)
        let status: OutcomeStatus =
            fate < 0.9
            ? .completed : fate < 0.93 ? .crashed : fate < 0.96 ? .outOfMemory : fate < 0.98 ? .fault : .guardFailed
        return ChunkOutcome(
            index: token.key.chunk, status: status, records: 1, range: 0..<1,
            effects: .inline([UInt8](repeating: 0, count: Int.random(in: 0..<1_500, using: &random))), reason: "",
            variable: "", line: 0, wallMicroseconds: 1_000, cpuMicroseconds: 1_000, peakBytes: 1 << 20)
    }

    private mutating func startQueued(now: Int, random: inout SeededRandom) {
        var free = slots - held.count { if case .running = $0.stage { true } else { false } }
        for index in held.indices where free > 0 {
            guard case .queued = held[index].stage else { continue }
            held[index].stage = .running(until: now + Int.random(in: 10..<600, using: &random))
            free -= 1
        }
    }

    private mutating func pull(_ now: Int) {
        mustPull = false
        lastPull = now
        sequence += 1
        let busy = unfinishedChunks
        let free = max(0, slots - busy)
        outgoing.append(
            .work(
                .pull(
                    session,
                    WorkerPull(
                        freeSlots: free, prefetch: max(0, prefetch - max(0, busy - slots)),
                        freeMemory: Int64(free) << 30, held: held.map(\.token), sequence: sequence))))
    }
}
