import RunSurgeMaster
import Testing

@Suite struct ConnectionSharesTests {
    @Test(arguments: [64, 256, 1_024, 4_096, 20_000, 65_536, 1_048_576])
    func connectionsNeverTakeTheLastDescriptors(descriptors: Int) {
        let shares = ConnectionShares(descriptors: descriptors)
        #expect(shares.requests > 0 && shares.workers > 0)
        let used = shares.requests + 4 * shares.workers
        #expect(used <= max(16, descriptors - 256), "\(used) of \(descriptors)")
    }

    @Test func aRoomyLimitIsNotWhatBoundsTheWorkers() {
        let shares = ConnectionShares(descriptors: 262_144)
        #expect(shares == ConnectionShares(descriptors: .max / 2))
        #expect(!shares.isShort && shares.workers == 10_000)
        #expect(ConnectionShares(descriptors: 1_024).isShort)
    }
}
