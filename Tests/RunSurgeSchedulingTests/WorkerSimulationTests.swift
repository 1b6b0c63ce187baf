import RunSurgeCore
import Testing

@testable import RunSurgeScheduling

/// A machine against a master, processes and a network that a seed makes misbehave.
@Suite struct WorkerSimulationTests {
    @Test(arguments: Array(UInt64(1)...60))
    func everyChunkIsAnsweredWhateverHappens(seed: UInt64) {
        var world = WorkerWorld(seed: seed)
        for _ in 0..<4_000 where !world.isDone { world.step() }
        for _ in 0..<4_000 where !world.isDone { world.step(calm: true) }
        #expect(world.isDone, "seed \(seed): \(world.summary)")
        #expect(world.violation == nil, "seed \(seed): \(world.violation ?? "")")
    }
}

private struct WorkerWorld {
    private struct Generator: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var bits = state
            bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
            bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
            return bits ^ (bits >> 31)
        }
    }

    private var random: Generator
    private var scenario: WorkerScenario
    private var todo: [WorkKey: Int64] = [:]
    private var done: Set<WorkKey> = []
    private var leased: [WorkKey: LeaseToken] = [:]
    private var processes: [WorkerProcessID: [WorkKey]] = [:]
    private var drivers: Set<WorkKey> = []
    private var results: [WorkKey] = []
    private var credit = (free: 0, prefetch: 0)
    private var session: UInt64 = 0
    private var term: Int64 = 1
    private(set) var violation: String?

    init(seed: UInt64) {
        random = Generator(state: seed)
        let slots = Int.random(in: 1...4, using: &random)
        scenario = WorkerScenario(slots: slots, seed: seed)
        for job in Int64(1)...3 {
            todo[.driver(of: JobID(job))] = 0
            for index in Int64(0)..<20 { todo[scenario.key(index, job: job)] = 0 }
        }
        perform(scenario.advance(.zero))
    }

    var isDone: Bool { done.count == 63 }
    var summary: String { "\(done.count) of 63 done, leased \(leased.count), processes \(processes)" }

    mutating func step(calm: Bool = false) {
        switch Int.random(in: 0..<12, using: &random) {
        case 0, 1, 2: assign()
        case 3, 4, 5: finishSomething()
        case 6: acknowledge()
        case 7: driverMoves()
        case 8: if !calm { misfortune() }
        case 9: perform(scenario.feed(.heard(term: term)))
        default:
            let time = Duration.milliseconds(Int.random(in: 1...(calm ? 300 : 3_000), using: &random))
            perform(scenario.advance(time))
            if calm { perform(scenario.feed(.heard(term: term))) }
        }
    }

    private mutating func pick<Element>(_ elements: some Collection<Element>) -> Element? {
        elements.isEmpty ? nil : Array(elements).randomElement(using: &random)
    }

    private mutating func assign() {
        guard scenario.machine.isAttached, credit.free + credit.prefetch > 0 else { return }
        let waiting = todo.keys.filter { leased[$0] == nil && !done.contains($0) }.sorted {
            ($0.job.rawValue, $0.chunk) < ($1.job.rawValue, $1.chunk)
        }
        guard let key = pick(waiting) else { return }
        if key.isDriver, credit.free == 0 { return }
        if credit.free > 0 { credit.free -= 1 } else { credit.prefetch -= 1 }
        let epoch = (todo[key] ?? 0) + 1
        todo[key] = epoch
        let token = LeaseToken(key: key, term: term, epoch: epoch, session: session)
        leased[key] = token
        perform(scenario.feed(.assigned([WorkUnit(token: token, memory: key.isDriver ? 1_000 : 100)])))
    }

    private mutating func finishSomething() {
        let busy = processes.filter { !$0.value.isEmpty }.sorted { $0.key.value < $1.key.value }
        guard let (process, pipe) = pick(busy) else { return }
        processes[process] = Array(pipe.dropFirst())
        results.append(pipe[0])
        let seconds = Double.random(in: 0.0005...2, using: &random)
        perform(scenario.feed(.finished(pipe[0], seconds: seconds)))
    }

    private mutating func acknowledge() {
        guard scenario.machine.isAttached, let key = pick(results.sorted { $0.chunk < $1.chunk }) else { return }
        results.removeAll { $0 == key }
        guard let token = scenario.machine.token(of: key) else { return }
        if leased[key]?.epoch == token.epoch {
            done.insert(key)
            leased[key] = nil
        }
        perform(scenario.feed(.settled([token])))
    }

    private mutating func driverMoves() {
        guard let key = pick(drivers.sorted { $0.job < $1.job }) else { return }
        switch Int.random(in: 0..<3, using: &random) {
        case 0: perform(scenario.feed(.driverWaits(key)))
        case 1: perform(scenario.feed(.driverWantsSlot(key)))
        default:
            drivers.remove(key)
            results.append(key)
            perform(scenario.feed(.driverEnded(key)))
        }
    }

    private mutating func misfortune() {
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
            guard let (process, _) = pick(processes.sorted { $0.key.value < $1.key.value }) else { return }
            processes[process] = nil
            perform(scenario.feed(.processEnded(process)))
        case 1:
            let tokens = leased.values.sorted { $0.key.chunk < $1.key.chunk }
            guard let token = pick(tokens) else { return }
            leased[token.key] = nil
            perform(scenario.feed(.cancelled([token])))
        case 2:
            term += 1
            perform(scenario.feed(.heard(term: term)))
        default: perform(scenario.advance(.seconds(Int.random(in: 5...40, using: &random))))
        }
    }

    private mutating func perform(_ effects: [WorkerEffect]) {
        for effect in effects { perform(effect) }
    }

    private mutating func perform(_ effect: WorkerEffect) {
        switch effect {
        case .open:
            session += 1
            credit = (0, 0)
            perform(scenario.feed(.opened(session: session)))
        case .hello(let held): welcome(held)
        case .pull(let pull):
            // What was assigned and is not named is still on its way; here nothing ever is.
            credit = (pull.freeSlots, pull.prefetch)
            let named = Set(pull.held.map(\.key))
            for key in leased.keys where !named.contains(key) { leased[key] = nil }
        case .reject(let token, _): if leased[token.key] == token { leased[token.key] = nil }
        case .startDriver(let token, _, _): drivers.insert(token.key)
        case .startProcess(let id, _, _, _): processes[id] = []
        case .run(let token, let id, _):
            if processes[id] == nil { violation = "\(token.key) was written to \(id), which is gone" }
            processes[id]?.append(token.key)
        case .endProcess(let id):
            if processes[id]?.isEmpty == false { violation = "\(id) was ended at work" }
            processes[id] = nil
            perform(scenario.feed(.processEnded(id)))
        case .killProcess(let id):
            processes[id] = nil
            perform(scenario.feed(.processEnded(id)))
        case .killDriver(let key):
            drivers.remove(key)
            perform(scenario.feed(.driverEnded(key)))
        case .fail(let key, _): results.append(key)
        case .forget(let keys): results.removeAll(where: Set(keys).contains)
        case .grant, .renamed, .resend, .stop, .started: return
        }
    }

    private mutating func welcome(_ held: [LeaseToken]) {
        // Now and then the greeting or its answer is lost.
        if Int.random(in: 0..<4, using: &random) == 0 { return }
        var keep: [LeaseToken] = []
        for token in held where leased[token.key]?.epoch == token.epoch {
            let renamed = LeaseToken(key: token.key, term: term, epoch: token.epoch, session: session)
            leased[token.key] = renamed
            keep.append(renamed)
        }
        let kept = Set(keep.map(\.key))
        for key in leased.keys where !kept.contains(key) { leased[key] = nil }
        perform(scenario.feed(.welcomed(term: term, lease: .seconds(30), keep: keep, cancel: [])))
        for key in results where scenario.machine.token(of: key) == nil { results.removeAll { $0 == key } }
    }
}
