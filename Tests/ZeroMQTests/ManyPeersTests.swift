import Glibc
import Testing
import ZeroMQ

/// A master of many hosts: their handshakes are its busiest time.
@Suite(.serialized, .timeLimit(.minutes(2))) struct ManyPeersTests {
    private static let peers = 1_500

    private final class Peer {
        let socket: Socket

        init(_ context: Context, of endpoint: String, serverKey: CurvePublicKey) throws {
            var options = SocketOptions()
            options.curve = .client(keys: try .generate(), serverKey: serverKey)
            socket = try Socket(context, .dealer)
            try socket.apply(options)
            try socket.connect(endpoint)
        }
    }

    @Test func fifteenHundredPeersConnectOverCurve() throws {
        try raiseDescriptorLimit(to: rlim_t(Self.peers * 4 + 1_000))
        let context = try Context(sockets: Int32(Self.peers + 16))
        let server = try CurveKeyPair.generate()
        var options = SocketOptions()
        options.curve = .server(secretKey: server.secretKey)
        options.backlog = 4_096
        let router = try Socket(context, .router)
        try router.apply(options)
        let endpoint = try router.bind("tcp://127.0.0.1:*")
        let before = try residentBytes()
        let start = ContinuousClock.now
        var peers: [Peer] = []
        for number in 0..<Self.peers {
            let peer = try Peer(context, of: endpoint, serverKey: server.publicKey)
            try peer.socket.send(["\(number)".frame])
            peers.append(peer)
        }
        var greeted: Set<Frame> = []
        while greeted.count < Self.peers, ContinuousClock.now - start < .seconds(60) {
            guard let message = try router.receive(limit: MessageLimit(frames: 2, bytes: 1_000)) else {
                usleep(1_000)
                continue
            }
            greeted.insert(message.frames[1])
        }
        #expect(greeted.count == Self.peers, "within a minute")
        let bytes = (try residentBytes() - before) / Self.peers
        #expect(bytes < 256 << 10, "\(bytes) bytes for both ends of a connection")
        withExtendedLifetime(peers) {}
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
