import RunSurgeCore
import RunSurgeScheduling
import Testing

@Suite struct ClassTests {
    @Test func chunksRunOnTheInterpreterOfTheirDriver() throws {
        var bench = Bench()
        let driver = try bench.driverWithRegion(chunks: 4)
        _ = bench.hello(20, node: 2, python: "3.12.1")
        #expect(bench.pull(20, free: 2).tokens.isEmpty)
        _ = bench.hello(30, node: 3)
        #expect(bench.pull(30, free: 2).chunks == [0, 1])
        #expect(bench.pull(10, free: 1, held: [driver]).chunks == [2])
    }

    @Test func aLostDriverKeepsItsInterpreterOnceItHasHandedOver() throws {
        var bench = Bench()
        let driver = try bench.driverWithRegion(chunks: 4)
        _ = bench.hello(20, node: 2, python: "3.12.1")
        bench.step(.driverEnded(10, driver, .failed(.crashed, reason: "")))
        #expect(bench.pull(20, free: 2).tokens.isEmpty)
        // Before that any interpreter will do.
        var other = Bench()
        _ = other.hello(10)
        other.step(Bench.loaded(Bench.job(1)))
        let first = try #require(other.pull(10, free: 1).tokens.first)
        _ = other.hello(20, node: 2, python: "3.12.1")
        other.step(.driverEnded(10, first, .failed(.crashed, reason: "")))
        #expect(other.pull(20, free: 1).tokens.map(\.epoch) == [2])
    }

    @Test func modulesThatSomebodyHasAreWaitedForAndOthersAreNot() throws {
        var bench = Bench()
        _ = bench.hello(10, modules: ["pandas"])
        _ = bench.hello(20, node: 2, modules: ["numpy", "pandas"])
        bench.step(Bench.loaded(Bench.job(1), modules: ["numpy", "nowhere"]))
        #expect(bench.pull(10, free: 2).tokens.isEmpty)
        #expect(bench.pull(20, free: 2).tokens.map(\.key) == [.driver(of: JobID(1))])
        // When the only one that has it leaves, the script is for anybody: the error is Python's to report.
        #expect(bench.step(.goodbye(20)).tokens.map(\.key) == [.driver(of: JobID(1))])
    }

    @Test func depthsAreCountedByClass() throws {
        var bench = Bench()
        let driver = try bench.driverWithRegion(chunks: 8, peak: 100 << 20)
        bench.step(Bench.loaded(Bench.job(2), modules: ["numpy"]))
        _ = bench.pull(10, free: 0, held: [driver])
        let queues = bench.machine.counts.queues
        #expect(
            queues == [
                QueueDepth(
                    pythonVersion: "3.11.2", modules: [], memory: 128 << 20, readyChunks: 8, waitingDrivers: 0),
                QueueDepth(pythonVersion: "", modules: ["numpy"], memory: 1, readyChunks: 0, waitingDrivers: 1),
            ])
    }

    @Test func theMemoryOfTheClassDecidesWhatFits() throws {
        var bench = Bench()
        let driver = try bench.driverWithRegion(chunks: 2, peak: 6 << 30)
        // Larger, but of another interpreter: it sets no standard for this job.
        _ = bench.hello(20, node: 2, memory: 64 << 30, python: "3.12.1")
        let assigned = bench.pull(10, free: 1, held: [driver]).assigned
        #expect(assigned.map(\.memory) == [4 << 30])
    }
}
