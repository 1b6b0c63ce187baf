import Glibc
import Testing
import ZeroMQ

/// A ROUTER that can't deliver says so only when it is told to.
@Suite(.timeLimit(.minutes(1))) struct RouterMandatoryTests {
    @Test func anUnknownPeerIsReported() throws {
        let context = try Context()
        let router = try Self.router(context, mandatory: true)
        #expect(throws: ZeroMQError(code: EHOSTUNREACH, function: "zmq_send")) {
            try router.send(["nobody".frame, "hello".frame])
        }
    }

    @Test func withoutTheOptionAnUnknownPeerSwallowsEverything() throws {
        let context = try Context()
        let router = try Self.router(context, mandatory: false)
        try router.send(["nobody".frame, "hello".frame])
    }

    @Test func aFullPeerIsReported() throws {
        let context = try Context()
        let router = try Self.router(context, mandatory: true)
        let dealer = try Self.unreadDealer(context, router)
        #expect(throws: ZeroMQError(code: EAGAIN, function: "zmq_send")) {
            for _ in 0..<10_000 { try router.send(["slow".frame, Self.large]) }
        }
        // The refused message was not taken in half: what was sent arrives whole.
        #expect(try Self.receive(dealer) == Self.large)
    }

    @Test func withoutTheOptionAFullPeerLosesMessages() throws {
        let context = try Context()
        let router = try Self.router(context, mandatory: false)
        let dealer = try Self.unreadDealer(context, router)
        let sent = 1_000
        for _ in 0..<sent { try router.send(["slow".frame, Self.large]) }
        try router.send(["slow".frame, "end".frame])
        var received = 0
        while let frame = try Self.receive(dealer, within: .seconds(1)), frame == Self.large { received += 1 }
        #expect(received > 0 && received < sent, "\(received) of \(sent) arrived, and every send was a success")
    }

    private static let large = [UInt8](repeating: 1, count: 100_000)

    private static func router(_ context: Context, mandatory: Bool) throws -> Socket {
        let router = try Socket(context, .router)
        var options = SocketOptions()
        options.routerMandatory = mandatory
        options.sendHighWaterMark = 1
        try router.apply(options)
        return router
    }

    /// Connected, known to the ROUTER, and not read.
    private static func unreadDealer(_ context: Context, _ router: borrowing Socket) throws -> Socket {
        let endpoint = try router.bind("tcp://127.0.0.1:*")
        let dealer = try Socket(context, .dealer)
        var options = SocketOptions()
        options.routingID = "slow".frame
        options.receiveHighWaterMark = 1
        try dealer.apply(options)
        try dealer.connect(endpoint)
        try dealer.send(["hello".frame])
        try #require(receive(router) == "hello".frame)
        return dealer
    }

    private static func receive(
        _ socket: borrowing Socket, within limit: Duration = .seconds(10)
    ) throws -> Frame? {
        let deadline = ContinuousClock.now + limit
        while ContinuousClock.now < deadline {
            if let message = try socket.receive(limit: MessageLimit(frames: 2, bytes: 1 << 20)) {
                return message.frames.last
            }
        }
        return nil
    }
}
