import Testing
import ZeroMQ

/// That libzmq has taken a message says nothing about its arrival.
@Suite(.timeLimit(.minutes(1))) struct LostMessageTests {
    @Test func whatWaitsBehindAConnectionThatDropsIsLost() async throws {
        try await withSockets { thread in
            var pulling = SocketConfiguration(.pull, bind: ["tcp://127.0.0.1:*"])
            // Its owner takes one message and then no more: the others wait in libzmq.
            pulling.inbox = QueueLimit(messages: 1, bytes: 1_000)
            let pull = try await thread.open(pulling)
            let endpoint = pull.boundEndpoints[0]
            let push = try await thread.open(SocketConfiguration(.push, connect: [endpoint]))
            for index in 0..<10 { try push.send(["\(index)".frame]) }
            try await eventually("all to be sent and one to be received") {
                push.statistics.sent == 10 && pull.statistics.received == 1
            }

            try await pull.close()
            let next = try await Self.bound(to: endpoint, thread)
            // What is sent until the push socket has noticed may be lost as well.
            try await eventually("a message after it") {
                try push.send(["after".frame])
                return next.statistics.received > 0
            }
            #expect(await next.messages.makeAsyncIterator().next()?.frames == ["after".frame], "none of the ten")
        }
    }

    /// The port is free a moment after the close.
    private static func bound(to endpoint: String, _ thread: SocketThread) async throws -> SocketHandle {
        var opened: SocketHandle?
        try await eventually("the port to be free") {
            do {
                opened = try await thread.open(SocketConfiguration(.pull, bind: [endpoint]))
                return true
            } catch let error as ZeroMQError where error.isAddressInUse {
                return false
            }
        }
        return try #require(opened)
    }
}
