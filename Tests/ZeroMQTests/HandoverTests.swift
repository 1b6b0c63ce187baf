import Testing
import ZeroMQ

/// A peer with a fixed name whose connection breaks while the ROUTER's owner is busy with something else.
@Suite(.timeLimit(.minutes(1))) struct HandoverTests {
    @Test(arguments: [true, false])
    func aPeerThatComesBackWhileNobodyLooksIsHeardOnlyWithHandover(handover: Bool) throws {
        let context = try Context()
        let router = try Socket(context, .router)
        var options = SocketOptions()
        options.routerHandover = handover
        try router.apply(options)
        let endpoint = try router.bind("tcp://127.0.0.1:*")
        let first = try Self.dealer(context, endpoint)
        try first.send(["first".frame])
        #expect(try Self.receive(from: router, within: .seconds(10)) == "first".frame)

        let second = try Self.dealer(context, endpoint)
        // From here on it sends, whether or not anybody asks the ROUTER.
        for _ in 0..<20 { try second.send(["second".frame]) }

        if handover {
            #expect(try Self.receive(from: router, within: .seconds(10)) == "second".frame)
        } else {
            #expect(try Self.receive(from: router, within: .seconds(1)) == nil, "libzmq has become better")
            try second.send(["later".frame])
            #expect(try Self.receive(from: router, within: .seconds(1)) == nil, "it is mute for good")
        }
    }

    private static func dealer(_ context: Context, _ endpoint: String) throws -> Socket {
        let dealer = try Socket(context, .dealer)
        var options = SocketOptions()
        options.routingID = "worker".frame
        try dealer.apply(options)
        try dealer.connect(endpoint)
        return dealer
    }

    private static func receive(from router: borrowing Socket, within limit: Duration) throws -> Frame? {
        let deadline = ContinuousClock.now + limit
        while ContinuousClock.now < deadline {
            if let message = try router.receive(limit: MessageLimit(frames: 2, bytes: 1_000)) {
                return message.frames.last
            }
        }
        return nil
    }
}
