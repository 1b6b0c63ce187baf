import RunSurgeCore
import Testing

@testable import RunSurgeScheduling

/// The memory of a worker is promised once.
@Suite struct WorkerMemoryTests {
    @Test func aDriverDoesNotComeBackBesideAChunkThatHasAllTheMemory() {
        var agent = WorkerScenario.attached(slots: 2)
        _ = agent.feed(.assigned([agent.driver()]))
        _ = agent.feed(.driverWaits(.driver(of: JobID(1))))
        #expect(agent.feed(.assigned([agent.chunk(0, memory: 1_000)])).runs.count == 1)
        let wanted = agent.feed(.driverWantsSlot(.driver(of: JobID(1))))
        #expect(!wanted.contains(.grant(.driver(of: JobID(1)))))
        let after = agent.feed(.finished(agent.key(0), seconds: 1))
        #expect(after.contains(.grant(.driver(of: JobID(1)))))
    }

    @Test func aWarmProcessThatOnceHadMoreIsReplacedWhenThereIsLess() {
        var agent = WorkerScenario.attached(slots: 2)
        let large = agent.feed(.assigned([agent.chunk(0, memory: 1_000)]))
        _ = agent.feed(.finished(agent.key(0), seconds: 2))
        // Another job's chunk takes a half; the warm process has a limit of all.
        _ = agent.feed(.assigned([agent.chunk(0, job: 2, memory: 500)]))
        let next = agent.feed(.assigned([agent.chunk(1, memory: 500)]))
        #expect(next.contains(.endProcess(large.started[0])))
        #expect(next.started.count == 1)
    }

    @Test func aKilledProcessKeepsItsMemoryUntilItIsGone() {
        var agent = WorkerScenario.attached(slots: 2)
        let process = agent.feed(.assigned([agent.chunk(0, memory: 1_000)])).started[0]
        _ = agent.feed(.cancelled([agent.token(0)]))
        #expect(agent.feed(.assigned([agent.chunk(1, job: 2, memory: 500)])).runs.isEmpty)
        #expect(agent.feed(.processEnded(process)).runs.count == 1)
    }

    @Test func aMessageAsOldAsTheSilenceKeepsNothingAlive() {
        var agent = WorkerScenario.attached(slots: 1, lease: .seconds(2))
        let process = agent.feed(.assigned([agent.chunk(0)])).started[0]
        // The agent stood still for longer than its leases last, and then reads what had come before.
        agent.pause(.seconds(3))
        #expect(agent.feed(.heard(term: 1)).contains(.killProcess(process)))
    }

    @Test func anAssignmentAsOldAsTheSilenceIsGivenBack() {
        var agent = WorkerScenario.attached(slots: 1, lease: .seconds(2))
        agent.pause(.seconds(3))
        let effects = agent.feed(.assigned([agent.chunk(0)]))
        #expect(effects.runs.isEmpty)
        #expect(effects.contains { if case .reject(agent.token(0), _) = $0 { true } else { false } })
    }

    @Test func aNewerLeaseOfWhatIsStillHeldIsGivenBackAndTheOldOneLetGo() {
        var agent = WorkerScenario.attached(slots: 1)
        _ = agent.feed(.assigned([agent.chunk(0)]))
        _ = agent.feed(.finished(agent.key(0), seconds: 1))
        let newer = agent.chunk(0, epoch: 2)
        let effects = agent.feed(.assigned([newer]))
        #expect(effects.contains(.forget([newer.token.key])))
        #expect(effects.contains { if case .reject(newer.token, _) = $0 { true } else { false } })
        #expect(agent.machine.isEmpty)
        // The next time nothing is in its way.
        #expect(agent.feed(.assigned([agent.chunk(0, epoch: 3)])).runs.map(\.0.epoch) == [3])
    }

    @Test func whatIsLetGoGoesInTheSameOrderEverywhere() {
        var agent = WorkerScenario.attached(slots: 1, lease: .seconds(2))
        let units = (0..<4).flatMap { index in (1...4).map { agent.chunk(Int64(index), job: Int64($0)) } }
        _ = agent.feed(.assigned(units.shuffled()))
        let forgotten = agent.advance(.seconds(3)).compactMap { if case .forget(let keys) = $0 { keys } else { nil } }
        #expect(forgotten.flatMap { $0 } == units.map(\.token.key).sorted())
    }

    @Test func aChunkIsReportedAsBegunWhenItIsNotOverAtOnce() {
        var agent = WorkerScenario.attached(slots: 1)
        _ = agent.feed(.assigned([agent.chunk(0)]))
        #expect(!agent.advance(.milliseconds(50)).contains(.started([agent.token(0)])))
        #expect(agent.advance(.milliseconds(60)).contains(.started([agent.token(0)])))
        #expect(!agent.advance(.milliseconds(200)).contains(.started([agent.token(0)])))
        // A driver is at once, and everything again in a new session.
        var other = WorkerScenario.attached(slots: 1)
        #expect(other.feed(.assigned([other.driver()])).contains(.started([other.driver().token])))
    }
}
