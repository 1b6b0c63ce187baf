import Glibc
import Testing
import ZeroMQ

/// A master of many hosts: their handshakes are its busiest time.
@Suite(.serialized, .timeLimit(.minutes(2))) struct ManyPeersTests {
    private static let peers = 1_500

    @Test func fifteenHundredPeersConnectOverCurve() async throws {
        try raiseDescriptorLimit(to: rlim_t(Self.peers * 4 + 1_000))
        try await withSockets { thread in
            let server = try CurveKeyPair.generate()
            var options = SocketOptions()
            options.curve = .server(secretKey: server.secretKey)
            options.backlog = 4_096
            let router = try await thread.open(
                SocketConfiguration(.router, bind: ["tcp://127.0.0.1:*"], options: options))
            let before = try residentBytes()
            let start = ContinuousClock.now
            for number in 0..<Self.peers {
                var options = SocketOptions()
                options.curve = .client(keys: try .generate(), serverKey: server.publicKey)
                let dealer = try await thread.open(
                    SocketConfiguration(.dealer, connect: router.boundEndpoints, options: options))
                try dealer.send(["\(number)".frame])
            }
            var greeted: Set<Frame> = []
            let iterator = router.messages.makeAsyncIterator()
            while greeted.count < Self.peers { greeted.insert(try #require(await iterator.next()).frames[1]) }
            let taken = ContinuousClock.now - start
            let bytes = (try residentBytes() - before) / Self.peers
            #expect(taken < .seconds(60), "\(Self.peers) peers took \(taken)")
            #expect(bytes < 256 << 10, "\(bytes) bytes for both ends of a connection")
        }
    }

    private func raiseDescriptorLimit(to wanted: rlim_t) throws {
        var limit = rlimit()
        try #require(getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
        try #require(limit.rlim_max >= wanted, "raise the hard limit of open files to \(wanted) for this test")
        guard limit.rlim_cur < wanted else { return }
        limit.rlim_cur = wanted
        try #require(setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
    }

    private func residentBytes() throws -> Int {
        let file = try #require(fopen("/proc/self/statm", "r"))
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        try #require(fgets(&line, Int32(line.count), file) != nil)
        let words = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            .split(separator: " ")
        return try #require(Int(words[1])) * Int(getpagesize())
    }
}
