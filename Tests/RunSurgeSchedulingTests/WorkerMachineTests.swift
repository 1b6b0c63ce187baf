import RunSurgeCore
import Testing

@testable import RunSurgeScheduling

@Suite struct WorkerMachineTests {
    @Test func asksForNothingBeforeTheWelcome() {
        var agent = WorkerScenario(slots: 2)
        #expect(agent.advance(.zero) == [.open])
        #expect(agent.feed(.opened(session: 7)) == [.hello(held: [])])
        let effects = agent.feed(
            .welcomed(term: 1, lease: .seconds(30), keep: [], cancel: []))
        #expect(effects.first == .resend)
        #expect(effects.pulls.map(\.freeSlots) == [2])
        #expect(effects.pulls.first?.sequence == 1)
    }

    @Test func greetsAgainThenOpensNewSocketsWithBackoff() {
        var agent = WorkerScenario(slots: 1)
        _ = agent.advance(.zero)
        _ = agent.feed(.opened(session: 7))
        var hellos = 0
        var opens = 0
        for _ in 0..<300 {
            for effect in agent.advance(.milliseconds(100)) {
                if case .hello = effect { hellos += 1 }
                if effect == .open {
                    opens += 1
                    _ = agent.feed(.opened(session: UInt64(10 + opens)))
                }
            }
        }
        #expect(hellos >= 9)
        #expect((1...3).contains(opens))
    }

    @Test func runsChunksInOneWarmProcessASlot() {
        var agent = WorkerScenario.attached(slots: 2)
        let effects = agent.feed(.assigned([agent.chunk(0), agent.chunk(1), agent.chunk(2)]))
        #expect(effects.started.count == 2)
        #expect(effects.runs.map(\.0.key.chunk) == [0, 1])
        let next = agent.feed(.finished(agent.key(0), seconds: 0.5))
        #expect(next.started.isEmpty)
        #expect(next.runs.map(\.0.key.chunk) == [2])
        #expect(next.runs.first?.1 == effects.runs[0].1)
    }

    @Test func fillsThePipesOfShortChunks() {
        var agent = WorkerScenario.attached(slots: 1)
        _ = agent.feed(.assigned([agent.chunk(0)]))
        _ = agent.feed(.finished(agent.key(0), seconds: 0.001))
        let effects = agent.feed(.assigned((1...100).map { agent.chunk(Int64($0)) }))
        // 30 ms of work, and the running one.
        #expect(effects.runs.count == 31)
        #expect(agent.machine.queuedChunks == 69)
    }

    @Test func asksAheadForShortChunksOnly() {
        var short = WorkerScenario.attached(slots: 2)
        _ = short.feed(.assigned([short.chunk(0)]))
        let effects = short.feed(.finished(short.key(0), seconds: 0.001))
        #expect((effects.pulls.last?.prefetch ?? 0) > 50)

        var long = WorkerScenario.attached(slots: 2)
        _ = long.feed(.assigned([long.chunk(0)]))
        let pulls = long.feed(.finished(long.key(0), seconds: 2)).pulls + long.advance(.seconds(5)).pulls
        #expect(pulls.last?.prefetch == 0)
        #expect(pulls.last?.freeSlots == 2)
    }

    @Test func namesEveryUnacknowledgedLease() {
        var agent = WorkerScenario.attached(slots: 1)
        _ = agent.feed(.assigned([agent.chunk(0), agent.chunk(1)]))
        _ = agent.feed(.finished(agent.key(0), seconds: 0.5))
        #expect(agent.advance(.seconds(5)).pulls.last?.held.map(\.key.chunk) == [0, 1])
        _ = agent.feed(.heard(term: 1))
        #expect(agent.feed(.settled([agent.token(0)])).contains(.forget([agent.key(0)])))
        #expect(agent.advance(.seconds(5)).pulls.last?.held.map(\.key.chunk) == [1])
    }

    @Test func renewsWithinASixthOfTheLease() {
        var agent = WorkerScenario.attached(slots: 1, lease: .seconds(12))
        #expect(agent.advance(.milliseconds(1_900)).pulls.isEmpty)
        _ = agent.feed(.heard(term: 1))
        #expect(agent.advance(.milliseconds(200)).pulls.count == 1)
    }

    @Test func aDriverGivesItsSlotToChunksAndTakesItBack() {
        var agent = WorkerScenario.attached(slots: 1)
        let driver = agent.driver()
        #expect(agent.feed(.assigned([driver])).contains(.startDriver(driver.token, slot: 0, memory: 1_000)))
        #expect(agent.feed(.assigned([agent.chunk(0)])).runs.isEmpty)
        #expect(agent.feed(.driverWaits(driver.token.key)).runs.map(\.0.key.chunk) == [0])
        #expect(!agent.feed(.driverWantsSlot(driver.token.key)).contains(.grant(driver.token.key)))
        // Chunks that come now wait: the driver is first in line.
        #expect(agent.feed(.assigned([agent.chunk(1)])).runs.isEmpty)
        let effects = agent.feed(.finished(agent.key(0), seconds: 0.001))
        #expect(effects.contains(.grant(driver.token.key)))
        #expect(effects.contains(.started([driver.token])))
        #expect(effects.runs.isEmpty)
        #expect(agent.feed(.driverEnded(driver.token.key)).runs.map(\.0.key.chunk) == [1])
    }

    @Test func oneOfTwoSlotsGoesOnWhileTheDriverWaitsForTheOther() {
        var agent = WorkerScenario.attached(slots: 2)
        let driver = agent.driver()
        _ = agent.feed(.assigned([driver]))
        _ = agent.feed(.driverWaits(driver.token.key))
        _ = agent.feed(.assigned((0..<6).map { agent.chunk($0) }))
        _ = agent.feed(.driverWantsSlot(driver.token.key))
        let first = agent.feed(.finished(agent.key(0), seconds: 0.001))
        #expect(first.contains(.grant(driver.token.key)))
        let second = agent.feed(.finished(agent.key(1), seconds: 0.001))
        #expect((first.runs + second.runs).map(\.0.key.chunk) == [2, 3, 4, 5])
    }

    @Test func switchesJobsInANewProcess() {
        var agent = WorkerScenario.attached(slots: 1)
        let first = agent.feed(.assigned([agent.chunk(0)])).started
        _ = agent.feed(.finished(agent.key(0), seconds: 0.5))
        let effects = agent.feed(.assigned([agent.chunk(0, job: 2)]))
        #expect(effects.contains(.endProcess(first[0])))
        #expect(effects.started.count == 1)
        #expect(effects.started != first)
    }

    @Test func endsProcessesThatStayIdle() {
        var agent = WorkerScenario.attached(slots: 1)
        let process = agent.feed(.assigned([agent.chunk(0)])).started[0]
        _ = agent.feed(.finished(agent.key(0), seconds: 0.5))
        var ended = false
        for _ in 0..<40 {
            _ = agent.feed(.heard(term: 1))
            ended = ended || agent.advance(.seconds(1)).contains(.endProcess(process))
        }
        #expect(ended)
    }

    @Test func onlyTheFirstChunkOfADeadProcessFails() {
        var agent = WorkerScenario.attached(slots: 1)
        _ = agent.feed(.assigned([agent.chunk(0)]))
        _ = agent.feed(.finished(agent.key(0), seconds: 0.001))
        let process = agent.feed(.assigned([agent.chunk(1), agent.chunk(2), agent.chunk(3)])).runs[0].1
        let effects = agent.feed(.processEnded(process))
        #expect(effects.contains(.fail(agent.key(1), on: process)))
        #expect(effects.started.count == 1)
        #expect(effects.runs.map(\.0.key.chunk) == [2, 3])
    }

    @Test func aCancelledChunkTakesItsProcessAndNotItsNeighbours() {
        var agent = WorkerScenario.attached(slots: 1)
        _ = agent.feed(.assigned([agent.chunk(0)]))
        _ = agent.feed(.finished(agent.key(0), seconds: 0.001))
        let process = agent.feed(.assigned([agent.chunk(1), agent.chunk(2)])).runs[0].1
        let effects = agent.feed(.cancelled([agent.token(1)]))
        #expect(effects.contains(.killProcess(process)))
        // The slot is taken until the processes are gone.
        #expect(effects.started.isEmpty)
        #expect(agent.feed(.processEnded(process)).runs.map(\.0.key.chunk) == [2])
    }

    @Test func aNewTermBringsANewSessionWithWhatIsHeld() {
        var agent = WorkerScenario.attached(slots: 1)
        _ = agent.feed(.assigned([agent.chunk(0), agent.chunk(1)]))
        _ = agent.feed(.heard(term: 2))
        #expect(agent.advance(.milliseconds(200)).contains(.open))
        let hello = agent.feed(.opened(session: 8))
        #expect(hello == [.hello(held: [agent.token(0), agent.token(1)])])
        let renamed = LeaseToken(key: agent.key(0), term: 2, epoch: 1, session: 8)
        let effects = agent.feed(.welcomed(term: 2, lease: .seconds(30), keep: [renamed], cancel: []))
        #expect(effects.contains(.renamed(renamed)))
        #expect(effects.contains(.forget([agent.key(1)])))
        #expect(agent.machine.heldTokens == [renamed])
    }

    @Test func finishedResultsOutliveASession() {
        var agent = WorkerScenario.attached(slots: 1)
        _ = agent.feed(.assigned([agent.chunk(0)]))
        _ = agent.feed(.finished(agent.key(0), seconds: 0.5))
        _ = agent.feed(.heard(term: 2))
        _ = agent.advance(.milliseconds(200))
        _ = agent.feed(.opened(session: 8))
        let effects = agent.feed(.welcomed(term: 2, lease: .seconds(30), keep: [], cancel: []))
        #expect(effects.contains(.resend))
        #expect(agent.machine.heldTokens == [agent.token(0)])
    }

    @Test func silenceBeyondTheLeaseKillsWhatRuns() {
        var agent = WorkerScenario.attached(slots: 2, lease: .seconds(12))
        let driver = agent.driver()
        _ = agent.feed(.assigned([driver]))
        let process = agent.feed(.assigned([agent.chunk(0)])).runs[0].1
        var effects: [WorkerEffect] = []
        for _ in 0..<11 { effects += agent.advance(.seconds(1)) }
        #expect(!effects.contains(.killProcess(process)))
        #expect(effects.contains(.open))
        for _ in 0..<2 { effects += agent.advance(.seconds(1)) }
        #expect(effects.contains(.killProcess(process)))
        #expect(effects.contains(.killDriver(driver.token.key)))
    }

    @Test func drainingGivesBackWhatWaits() {
        var agent = WorkerScenario.attached(slots: 1)
        _ = agent.feed(.assigned([agent.chunk(0), agent.chunk(1)]))
        let effects = agent.feed(.draining)
        #expect(effects.contains { if case .reject(let token, _) = $0 { token == agent.token(1) } else { false } })
        #expect(effects.pulls.allSatisfy { $0.freeSlots == 0 })
        #expect(agent.feed(.finished(agent.key(0), seconds: 0.5)).pulls.isEmpty)
        _ = agent.feed(.settled([agent.token(0)]))
        #expect(agent.machine.isEmpty)
    }

    @Test func takesWorkAgainAfterADrain() {
        var agent = WorkerScenario.attached(slots: 1)
        _ = agent.feed(.draining)
        #expect(agent.feed(.resumed).pulls.last?.freeSlots == 1)
        let effects = agent.feed(.assigned([agent.chunk(0)]))
        #expect(!effects.contains { if case .reject = $0 { true } else { false } })
    }

    @Test func refusesWhatNeedsMoreMemoryThanThereIs() {
        var agent = WorkerScenario.attached(slots: 1)
        let unit = WorkUnit(token: agent.token(0), memory: 2_000)
        let effects = agent.feed(.assigned([unit]))
        #expect(effects.contains { if case .reject = $0 { true } else { false } })
        #expect(agent.machine.isEmpty)
    }

    @Test func twoLargeChunksDoNotRunAtOnce() {
        var agent = WorkerScenario.attached(slots: 2)
        let effects = agent.feed(.assigned([agent.chunk(0, memory: 700), agent.chunk(1, memory: 700)]))
        #expect(effects.runs.map(\.0.key.chunk) == [0])
        #expect(agent.feed(.finished(agent.key(0), seconds: 0.5)).runs.map(\.0.key.chunk) == [1])
    }

    @Test func twoDriversOfTheWholeMemoryRunAtOnce() {
        var agent = WorkerScenario.attached(slots: 2)
        let effects = agent.feed(.assigned([agent.driver(1), agent.driver(2)]))
        #expect(effects.count { if case .startDriver = $0 { true } else { false } } == 2)
    }

    @Test func aRefusalForGoodStops() {
        var agent = WorkerScenario(slots: 1)
        _ = agent.advance(.zero)
        _ = agent.feed(.opened(session: 7))
        #expect(agent.feed(.refused(reason: "too old", retry: false)) == [.stop(reason: "too old")])
        #expect(agent.advance(.seconds(60)).isEmpty)
    }

    @Test func congestionStopsTheFlowAndEndsWithIt() {
        var agent = WorkerScenario.attached(slots: 1)
        _ = agent.feed(.congested(true))
        #expect(agent.advance(.seconds(5)).pulls.last?.freeSlots == 0)
        #expect(agent.feed(.congested(false)).pulls.last?.freeSlots == 1)
    }
}
