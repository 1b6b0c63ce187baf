import RunSurgeCore
import RunSurgeScheduling

/// What one seed stands for: the cluster, the jobs, and how much goes wrong.
struct Scenario {
    struct Host {
        let node: NodeID
        let slots: Int
        let memory: Int64
        let pythonVersion: String
        let modules: Set<String>
    }

    /// Probabilities of one message, and mean times between faults in microseconds; 0: never.
    struct Faults {
        var loss = 0.0
        var duplication = 0.0
        var longDelay = 0.0
        var partition: Int64 = 0
        var agentCrash: Int64 = 0
        var agentStall: Int64 = 0
        var processCrash: Int64 = 0
        var masterCrash: Int64 = 0
        var masterStall: Int64 = 0
        var lockLoss: Int64 = 0
        var storeCrash: Int64 = 0
        var slowStore = 0.0
        var lostAnswer = 0.0
        var diskFull: Int64 = 0
        var drain: Int64 = 0
        var revocation: Int64 = 0
        var replay: Int64 = 0
        var cancellation: Int64 = 0
    }

    static let share: Int64 = 1 << 30
    static let second: Int64 = 1_000_000

    let hosts: [Host]
    let jobs: [Job]
    let modules: [JobID: Set<String>]
    let scripts: [JobID: VirtualScript]
    let submissions: [JobID: Int64]
    var faults = Faults()
    /// Byte-seconds that one user may be ahead of another while both wait; nil where work differs too much to tell. See
    /// `lead`.
    var fairnessBound: Double?
    /// Until then things go wrong; from then on everything must come to its end.
    let calm: Int64

    init(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        calm = random.pick(4..<12) * Self.second
        let isContended = random.chance(0.08)
        let isMixed = !isContended && random.chance(0.3)
        hosts = (0..<(isContended ? 2 : random.pick(2..<6))).map { index in
            let slots = random.pick(1..<4)
            return Host(
                node: NodeID(Int64(index + 1)), slots: slots, memory: Int64(slots) * Self.share,
                pythonVersion: isMixed && index > 1 ? "3.12.1" : "3.11.2",
                modules: isMixed && index % 2 == 0 ? ["numpy"] : [])
        }
        let largest = hosts.map(\.memory).max() ?? Self.share
        var jobs: [Job] = []
        var scripts: [JobID: VirtualScript] = [:]
        var modules: [JobID: Set<String>] = [:]
        var submissions: [JobID: Int64] = [:]
        let isEvil = !isContended && random.chance(0.5)
        for number in 1...(isContended ? 6 : random.pick(Int64(2)..<6)) {
            let id = JobID(number)
            jobs.append(Self.job(id, owner: UserID(1 + number % 2), priority: random.pick(0..<2)))
            scripts[id] = VirtualScript(
                job: id,
                loops: (0..<random.pick(1..<4)).map { _ in
                    isContended
                        ? VirtualScript.Loop(records: 160, traits: [:], microseconds: 8_000)
                        : Self.loop(isEvil: isEvil, largest: largest, &random)
                })
            if isMixed, random.chance(0.5) { modules[id] = ["numpy"] }
            submissions[id] = random.chance(0.6) || isContended ? 0 : random.pick(0..<calm)
        }
        (self.jobs, self.scripts, self.modules, self.submissions) = (jobs, scripts, modules, submissions)
        if isContended {
            fairnessBound = Self.lead(slots: hosts.reduce(0) { $0 + $1.slots }) * Double(Self.share)
        } else {
            faults = Self.faults(&random)
        }
    }

    /// Slot-seconds that a contended cluster may give to one user beyond the other's, both waiting. Whose turn it is has
    /// used less, by what is known; so nobody gets ahead by more than what is not known yet, which is the sum of
    ///
    /// - the cost of what is dealt and not measured: in each slot what its pipe and its queue are filled up to in
    ///   seconds, by chunks that take the average; the one that runs; and the one that both are rounded up by. A chunk
    ///   has up to five records, and takes up to 1.3 times their cost;
    /// - the one chunk by which a user may pass the other when it is dealt;
    /// - what a user's three drivers compute on their own until they ask for a region or end: 40 ms at most. They are
    ///   charged for it when they do, and it can't be denied to them.
    private static func lead(slots: Int) -> Double {
        let settings = WorkerSettings(slots: 1, memoryBytes: share)
        let longestChunk = 5 * 0.008 * 1.3
        let unmeasured = settings.pipeSeconds + settings.prefetchSeconds + 2 * longestChunk
        return Double(slots) * unmeasured + longestChunk + 3 * 0.04
    }

    private static func loop(isEvil: Bool, largest: Int64, _ random: inout SeededRandom) -> VirtualScript.Loop {
        let records = random.pick(Int64(10)..<160)
        var traits: [Int64: VirtualScript.Trait] = [:]
        for _ in 0..<(isEvil ? random.pick(0..<4) : 0) {
            let record = random.pick(0..<records)
            switch random.pick(0..<12) {
            case 0: traits[record] = .raises
            case 1, 2: traits[record] = .failsGuard
            case 3, 4, 5: traits[record] = .crashes
            case 6: traits[record] = .killsAgent
            case 7, 8, 9: traits[record] = .needs(random.pick(share..<largest + 1))
            default: traits[record] = .needs(largest * 2)
            }
        }
        let cost: Int64 = random.chance(0.1) ? 60_000 : random.pick(200..<12_000)
        return VirtualScript.Loop(records: records, traits: traits, microseconds: cost)
    }

    private static func job(_ id: JobID, owner: UserID, priority: Int) -> Job {
        let script = FileEntry(path: "/job/s.py", blob: .empty, modifiedNanoseconds: 0, mode: 0o644)
        return Job(
            id: id, owner: owner,
            specification: JobSpecification(name: "s", script: script, minSplitSeconds: 0, priority: priority),
            state: .pendingSchedule, createdAt: Timestamp(microseconds: 0), startedAt: nil, finishedAt: nil, plan: [],
            outcome: nil, failure: nil, driverEpoch: 0)
    }

    /// Each kind of fault is there or not, so that some seeds are simple and others have everything.
    private static func faults(_ random: inout SeededRandom) -> Faults {
        var faults = Faults()
        func some(_ probability: Double, _ seconds: ClosedRange<Double>) -> Int64 {
            guard random.chance(probability) else { return 0 }
            let position = Double(random.next() >> 11) / Double(UInt64(1) << 53)
            return Int64((seconds.lowerBound + position * (seconds.upperBound - seconds.lowerBound)) * Double(second))
        }
        if random.chance(0.4) { faults.loss = 0.01 }
        if random.chance(0.4) { faults.duplication = 0.03 }
        if random.chance(0.4) { faults.longDelay = 0.02 }
        faults.partition = some(0.4, 0.5...4)
        faults.agentCrash = some(0.4, 1...6)
        faults.agentStall = some(0.3, 1...6)
        faults.processCrash = some(0.4, 0.3...3)
        faults.masterCrash = some(0.4, 1...6)
        faults.masterStall = some(0.3, 1...6)
        faults.lockLoss = some(0.3, 1...6)
        faults.storeCrash = some(0.3, 1...6)
        faults.diskFull = some(0.3, 1...5)
        faults.drain = some(0.2, 2...8)
        faults.revocation = some(0.15, 2...8)
        faults.replay = some(0.4, 0.1...1)
        faults.cancellation = some(0.15, 3...10)
        if random.chance(0.3) { faults.slowStore = 0.05 }
        if random.chance(0.3) { faults.lostAnswer = 0.05 }
        return faults
    }

    static var dispatch: DispatchConfiguration {
        var configuration = DispatchConfiguration()
        configuration.leaseDuration = .seconds(3)
        configuration.reconnectGrace = .milliseconds(500)
        configuration.takeoverGrace = .seconds(1)
        configuration.stallThreshold = .milliseconds(600)
        configuration.nodeTimeout = .milliseconds(1_500)
        configuration.cachedResultBytes = 2_000
        return configuration
    }

    static func worker(_ host: Host) -> WorkerSettings {
        var settings = WorkerSettings(slots: host.slots, memoryBytes: host.memory)
        settings.renewalInterval = .milliseconds(500)
        settings.silenceLimit = .milliseconds(1_200)
        settings.greetingInterval = .milliseconds(200)
        settings.greetingAttempts = 4
        settings.backoff = (.milliseconds(50), .milliseconds(400))
        settings.idleProcessLife = .seconds(2)
        settings.startReport = .milliseconds(20)
        settings.prefetchLimit = 16
        return settings
    }
}
