import RunSurgeCore
import RunSurgeScheduling
import Testing

@Suite struct LossTests {
    @Test func aCrashedChunkIsTriedOnAnotherNode() throws {
        var bench = Bench()
        _ = try bench.driverWithRegion(chunks: 1)
        _ = bench.hello(20, node: 2)
        let token = try #require(bench.pull(10, free: 1).tokens.first)
        let effects = bench.step(.results(10, [Bench.result(token, .crashed)]))
        #expect(effects.losses.map(\.cause) == [.crashed])
        #expect(effects.verdicts.map(\.verdict) == [.accepted])
        #expect(bench.pull(10, free: 1).tokens.isEmpty)
        #expect(bench.pull(20, free: 1).tokens.map(\.epoch) == [2])
    }

    @Test func aPullThatCrossedTheReportOfAFailureDoesNotClaimTheChunkBack() throws {
        var bench = Bench()
        _ = try bench.driverWithRegion(chunks: 1)
        _ = bench.hello(20, node: 2)
        let token = try #require(bench.pull(10, free: 1).tokens.first)
        bench.step(.results(10, [Bench.result(token, .crashed)]))
        // Sent before the acknowledgement came: it names what has ended, which is nothing to be told about.
        #expect(bench.pull(10, free: 0, held: [token]).cancelled.isEmpty)
        #expect(bench.pull(20, free: 1).tokens.map(\.epoch) == [2])
    }

    @Test func aResultThatTheStoreRefusesTwiceIsLostOnce() throws {
        var bench = Bench()
        _ = try bench.driverWithRegion(chunks: 1)
        let result = Bench.result(try #require(bench.pull(10, free: 1).tokens.first))
        bench.step(.results(10, [result]))
        _ = bench.pull(10, free: 0)
        let refused = Bench.committed([result], from: 10, .stale)
        #expect(bench.step(refused).losses.count == 1)
        // Sent again before word of that came. The store is asked again, and nobody waits for its answer.
        #expect(bench.step(.results(10, [result])).accepts.count == 1)
        let effects = bench.step(refused)
        #expect(effects.losses.isEmpty)
        #expect(effects.verdicts.map(\.verdict) == [.stale])
        #expect(bench.pull(10, free: 1).tokens.map(\.epoch) == [2])
    }

    @Test func aFailureWhoseAcknowledgementWasLostIsNotKeptInTheNextSession() throws {
        var bench = Bench()
        _ = try bench.driverWithRegion(chunks: 1)
        _ = bench.hello(20, node: 2)
        let token = try #require(bench.pull(10, free: 1).tokens.first)
        bench.step(.results(10, [Bench.result(token, .crashed)]))
        #expect(bench.hello(11, held: [token]).refused == [token])
        #expect(bench.pull(20, free: 1).tokens.map(\.epoch) == [2])
    }

    @Test func outOfMemoryDoublesTheLimit() throws {
        var bench = Bench()
        _ = try bench.driverWithRegion(chunks: 1)
        let first = try #require(bench.pull(10, free: 1).assigned.first)
        #expect(first.memory == 2 << 30)
        let effects = bench.step(.results(10, [Bench.result(first.token, .outOfMemory)]))
        #expect(effects.assigned.map(\.memory) == [4 << 30])
    }

    @Test func aNodeIsNotAvoidedWhenNoOtherIsLargeEnough() throws {
        var bench = Bench()
        _ = try bench.driverWithRegion(chunks: 1)
        _ = bench.hello(20, node: 2, memory: 2 << 30)
        let first = try #require(bench.pull(10, free: 1).tokens.first)
        // It wants 4 GiB now, which only the node has that it was lost on.
        #expect(bench.step(.results(10, [Bench.result(first, .outOfMemory)])).assigned.map(\.memory) == [4 << 30])
    }

    @Test(arguments: [OutcomeStatus.crashed, .fault])
    func afterThreeLossesTheDriverRunsItItself(status: OutcomeStatus) throws {
        var bench = Bench()
        _ = try bench.driverWithRegion(chunks: 4)
        var last = bench.pull(10, free: 1)
        for _ in 0..<Limits.chunkLosses {
            let token = try #require(last.tokens.first { $0.key.chunk == 0 })
            last = bench.step(.results(10, [Bench.result(token, status)]))
        }
        let delivered = last.delivered
        #expect(delivered.map(\.index) == [0])
        #expect(delivered.map(\.status) == [.guardFailed])
        #expect(delivered.first?.reason.contains("3 times") == true)
        #expect(last.accepts.flatMap { $0 }.map(\.node) == [nil])
        // Nothing behind it will ever be committed, so nothing behind it is computed.
        #expect(bench.pull(10, free: 2).tokens.isEmpty)
    }

    @Test func whatWasGivenUpIsNotReadBackBeforeItIsStored() throws {
        var bench = Bench()
        let driver = try bench.driverWithRegion(chunks: 4)
        var last = bench.pull(10, free: 1)
        for _ in 0..<Limits.chunkLosses {
            let token = try #require(last.tokens.first { $0.key.chunk == 0 })
            last = bench.step(.results(10, [Bench.result(token, .crashed)]))
        }
        let givenUp = last.accepts.flatMap { $0 }
        // The driver has not got it: what the store does not have yet would be taken for lost, and be leased again.
        let again = DispatchEvent.regionProgress(
            10, driver: driver, RegionID(1), committed: 0, windowBytes: 1 << 20)
        bench.step(again)
        #expect(bench.step(again).fetches.isEmpty)
        #expect(bench.step(Bench.committed(givenUp, from: 0)).fetches == [0])
    }

    @Test func whatNeedsMoreThanTheLargestWorkerHasIsGivenUpAtOnceAndNamed() throws {
        var bench = Bench()
        _ = try bench.driverWithRegion(chunks: 4)
        let share = try #require(bench.pull(10, free: 1).assigned.first)
        // Narrowed down to one record of the chunk's ten.
        let first = Bench.result(share.token, .outOfMemory, range: 7..<8)
        let whole = try #require(bench.step(.results(10, [first])).assigned.first { $0.token.key == share.token.key })
        #expect(whole.memory == 4 << 30)
        let last = bench.step(.results(10, [Bench.result(whole.token, .outOfMemory, range: 7..<8)]))
        #expect(last.delivered.map(\.status) == [.guardFailed])
        let reason = try #require(last.delivered.first?.reason)
        #expect(reason.contains("7..<8") && reason.contains("\(4 << 30) bytes"), "\(reason)")
    }

    @Test func aMeasuredPeakAboveTwiceTheLimitIsBelieved() throws {
        var bench = Bench()
        _ = try bench.driverWithRegion(chunks: 1)
        _ = bench.hello(20, node: 2, slots: 16, memory: 64 << 30)
        let small = try #require(bench.pull(10, free: 1).assigned.first)
        bench.step(.results(10, [Bench.result(small.token, .outOfMemory, peak: 8 << 30)]))
        #expect(bench.pull(20, free: 1, memory: 64 << 30).assigned.map(\.memory) == [10 << 30])
    }

    @Test func chunksThatALostWorkerHadNotBegunAreNotHeldAgainstThem() throws {
        var bench = Bench()
        let driver = try bench.driverWithRegion(chunks: 100)
        // Each worker is lost with a full queue, of which it had begun nothing.
        for session in 20..<SessionID(20 + Limits.chunkLossesAnywhere) {
            _ = bench.hello(session, node: Int64(session))
            #expect(bench.pull(session, free: 1, prefetch: 98).tokens.count > 20)
            bench.step(.unreachable(session))
            _ = bench.pass(.seconds(10)) { [$0.pullEvent(10, free: 0, held: [driver])] }
        }
        let effects = bench.pull(10, free: 2, prefetch: 200, held: [driver])
        #expect(effects.chunks.sorted() == Array(0..<100))
        #expect(effects.delivered.isEmpty)
    }

    @Test func aChunkIsNotBlamedForWhatOneNodeDoesToIt() throws {
        var bench = Bench()
        let driver = try bench.driverWithRegion(chunks: 1)
        _ = bench.hello(20, node: 2)
        var token = try #require(bench.pull(10, free: 1, held: [driver]).tokens.first)
        bench.step(.results(10, [Bench.result(token, .crashed)]))
        token = try #require(bench.pull(20, free: 1).tokens.first)
        // Once on each of two nodes: there is no third to try, and the second still has a slot.
        token = try #require(bench.step(.results(20, [Bench.result(token, .crashed)])).tokens.first)
        let last = bench.step(.results(20, [Bench.result(token, .crashed)]))
        #expect(last.delivered.map(\.status) == [.guardFailed])
        #expect(last.delivered.first?.reason.contains("on 2 nodes") == true)
    }

    @Test func asLongAsAnotherNodeCouldTakeItItIsKept() throws {
        var bench = Bench()
        let driver = try bench.driverWithRegion(chunks: 1)
        var token = try #require(bench.pull(10, free: 1, held: [driver]).tokens.first)
        for _ in 1..<Limits.chunkLosses {
            token = try #require(bench.step(.results(10, [Bench.result(token, .crashed)])).tokens.first)
        }
        _ = bench.hello(20, node: 2)
        #expect(bench.step(.results(10, [Bench.result(token, .crashed)])).delivered.isEmpty)
        #expect(bench.pull(10, free: 1, held: [driver]).tokens.isEmpty)
        #expect(bench.pull(20, free: 1).tokens.count == 1)
    }

    @Test func aDriverThatGetsFurtherEachTimeIsNotCountedOut() throws {
        var bench = Bench()
        _ = bench.hello(10)
        bench.step(Bench.loaded(Bench.job(1)))
        var driver = try #require(bench.pull(10, free: 1).tokens.first)
        for round in 1...(Limits.driverAttempts * 2) {
            let offer = Bench.offer(driver, entry: round)
            let key = try #require(bench.step(.regionRequested(10, offer)).openedRegions.first)
            bench.step(.regionOpened(key, Bench.region(round, job: 1, chunks: 1, entry: round)))
            let ended = bench.step(
                .driverEnded(10, driver, .failed(.crashed, reason: "")), bench.pullEvent(10, free: 1))
            #expect(ended.failures.isEmpty)
            driver = try #require(ended.tokens.first { $0.key.isDriver }, "round \(round)")
        }
    }

    @Test func aLostDriverStartsAgainWithItsRegions() throws {
        var bench = Bench()
        let driver = try bench.driverWithRegion(chunks: 2)
        let chunk = try #require(bench.pull(10, free: 1).tokens.first)
        bench.step(.results(10, [Bench.result(chunk)]))
        #expect(bench.step(Bench.committed([Bench.result(chunk)], from: 10)).delivered.map(\.index) == [0])
        bench.step(.driverEnded(10, driver, .failed(.crashed, reason: "it died")))
        _ = bench.hello(20, node: 2)
        let assigned = bench.pull(20, free: 1).assigned
        guard case .driver(let description)? = assigned.first?.work else {
            Issue.record("\(assigned)")
            return
        }
        #expect(description.resume == [ResumePoint(node: 5, entry: 0, prefixRecords: 7, modesJSON: [1])])
        #expect(assigned[0].token.epoch == 2)
        // It asks again, and gets from the start what was done already: from the store.
        let key = try #require(
            bench.step(.regionRequested(20, Bench.offer(assigned[0].token))).openedRegions.first)
        let opened = bench.step(.regionOpened(key, Bench.region(1, job: 1, chunks: 2, completed: [0])))
        #expect(opened.answers.map(\.region) == [RegionID(1)])
        #expect(opened.fetches == [0])
        let fetched = bench.step(.resultsFetched(RegionID(1), from: 0, [Bench.result(chunk).outcome]))
        #expect(fetched.delivered.map(\.index) == [0])
    }

    @Test func theOldDriversMessagesNoLongerCount() throws {
        var bench = Bench()
        let driver = try bench.driverWithRegion(chunks: 2)
        bench.step(.driverEnded(10, driver, .failed(.crashed, reason: "")))
        let effects = bench.step(
            .regionClosed(10, driver: driver, RegionID(1), committed: 2),
            .regionRequested(10, Bench.offer(driver, request: 2)),
            .driverEnded(10, driver, .failed(.crashed, reason: "")))
        #expect(!effects.contains { if case .closeRegion = $0 { true } else { false } })
        #expect(effects.answers.map(\.region) == [nil])
        #expect(effects.verdicts == [TokenVerdict(token: driver, verdict: .stale)])
    }

    @Test func aDriverLostTooOftenFailsItsJob() throws {
        var bench = Bench()
        bench.step(Bench.loaded(Bench.job(1)))
        _ = bench.hello(10)
        var last = bench.pull(10, free: 1)
        for attempt in 1...Limits.driverAttempts {
            let token = try #require(last.tokens.first, "attempt \(attempt)")
            #expect(token.epoch == attempt)
            last = bench.step(.driverEnded(10, token, .failed(.crashed, reason: "its process died")))
        }
        #expect(last.failures.count == 1)
        #expect(last.failures.first?.contains("its process died") == true)
        #expect(bench.machine.knownJobs.isEmpty)
    }

    @Test func aDriverOutOfMemoryWaitsForALargerWorkerOrFails() throws {
        var bench = Bench()
        _ = bench.hello(10, memory: 1 << 30)
        _ = bench.hello(20, node: 2, memory: 8 << 30)
        bench.step(Bench.loaded(Bench.job(1)))
        let small = try #require(bench.pull(10, free: 1).tokens.first)
        bench.step(.driverEnded(10, small, .failed(.outOfMemory, reason: "")))
        #expect(bench.pull(10, free: 1).tokens.isEmpty)
        let large = try #require(bench.pull(20, free: 1).tokens.first)
        let failures = bench.step(.driverEnded(20, large, .failed(.outOfMemory, reason: ""))).failures
        #expect(failures.first?.contains("Attach a larger one") == true)
    }

    @Test func aRejectedResultCountsAsALossAndIsTriedAgain() throws {
        var bench = Bench()
        _ = try bench.driverWithRegion(chunks: 1)
        let token = try #require(bench.pull(10, free: 1).tokens.first)
        bench.step(.results(10, [Bench.result(token)]))
        let effects = bench.step(Bench.committed([Bench.result(token)], from: 10, nil))
        #expect(effects.losses.map(\.cause) == [.fault])
        #expect(effects.verdicts.map(\.verdict) == [.stale])
        #expect(effects.tokens.map(\.epoch) == [2])
    }
}
