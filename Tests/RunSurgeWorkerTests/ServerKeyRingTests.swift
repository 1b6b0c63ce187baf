import Testing
import ZeroMQ

@testable import RunSurgeWorker

struct ServerKeyRingTests {
    private static func keys(_ count: Int) throws -> [CurvePublicKey] {
        try (0..<count).map { _ in try CurveKeyPair.generate().publicKey }
    }

    @Test func everyKeyIsTriedAtEveryEndpoint() throws {
        let keys = try Self.keys(3)
        var ring = ServerKeyRing(keys)
        var tried: [CurvePublicKey?] = []
        for round in 1...6 {
            tried.append(ring.key(for: "a"))
            let isRoundOver = ring.failed(at: "a")
            #expect(isRoundOver == round.isMultiple(of: 3))
        }
        #expect(tried == keys + keys)
        // What fails at one says nothing of another.
        _ = ring.failed(at: "a")
        #expect(ring.key(for: "b") == keys[0])
    }

    @Test func whatAMasterTellsReplacesWhatWasKnownAndBeginsWithWhatWorked() throws {
        let (old, told) = (try Self.keys(2), try Self.keys(2))
        var ring = ServerKeyRing(old)
        _ = ring.failed(at: "a")
        let learnt = ring.learn([old[1], told[0], old[1], told[1]], at: "a")
        #expect(learnt)
        #expect(ring.keys == [old[1], told[0], told[1]])
        #expect(ring.key(for: "a") == old[1])
        for nothingNew in [ring.keys, []] {
            let isNew = ring.learn(nothingNew, at: "a")
            #expect(!isNew)
        }
        #expect(ring.key(for: "a") == old[1])
    }

    @Test func whoTakesOverIsTriedWithItsOwnKeysFirst() throws {
        let keys = try Self.keys(4)
        var ring = ServerKeyRing(keys)
        _ = ring.learn(keys, at: "leader")
        #expect(ring.key(for: "leader") == keys[0])
        var tried: [CurvePublicKey?] = []
        for _ in 0..<4 {
            tried.append(ring.key(for: "standby"))
            _ = ring.failed(at: "standby")
        }
        #expect(tried == [keys[2], keys[3], keys[0], keys[1]])
    }

    @Test func aWorkerOfThisMachineHasNone() {
        var ring = ServerKeyRing([])
        #expect(ring.key(for: "ipc:///x") == nil)
        let isRoundOver = ring.failed(at: "ipc:///x")
        #expect(isRoundOver)
    }
}
