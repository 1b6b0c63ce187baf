import Testing
import ZeroMQ

@Suite(.timeLimit(.minutes(1))) struct BackPressureTests {
    /// The consumer sleeps: the inbox, the pipes and the sender's queue fill up in turn, and the sender is told.
    @Test func whoIsNotReadHoldsUpItsSender() async throws {
        try await withSockets { thread in
            var pullOptions = SocketOptions()
            pullOptions.receiveHighWaterMark = 10
            var pulling = SocketConfiguration(.pull, bind: ["tcp://127.0.0.1:*"], options: pullOptions)
            pulling.inbox = QueueLimit(messages: 50, bytes: 64 << 20)
            let pull = try await thread.open(pulling)
            var pushOptions = SocketOptions()
            pushOptions.sendHighWaterMark = 10
            var pushing = SocketConfiguration(.push, connect: pull.boundEndpoints, options: pushOptions)
            pushing.sendQueue = QueueLimit(messages: 100, bytes: 64 << 20)
            let push = try await thread.open(pushing)
            let payload = [UInt8](repeating: 9, count: 100_000)
            var sent = 0
            try await eventually("the sender's bound") {
                do {
                    while true {
                        try push.send([payload])
                        sent += 1
                    }
                } catch let error as ZeroMQError {
                    #expect(error == .sendQueueFull)
                    #expect(error.isRetriable)
                }
                return pull.statistics.received >= 50 && push.statistics.queued >= 100
            }
            #expect(pull.statistics.received <= 51, "the inbox is bounded")
            let iterator = pull.messages.makeAsyncIterator()
            for _ in 0..<sent { #expect(await iterator.next()?.frames == [payload]) }
        }
    }

    @Test func aBoundInBytesHoldsToo() async throws {
        try await withSockets { thread in
            var pulling = SocketConfiguration(.pull, bind: ["inproc://bytes"])
            pulling.inbox = QueueLimit(messages: 1_000, bytes: 1_000)
            let pull = try await thread.open(pulling)
            let push = try await thread.open(SocketConfiguration(.push, connect: ["inproc://bytes"]))
            for _ in 0..<100 { try push.send([[UInt8](repeating: 1, count: 400)]) }
            try await eventually("a full inbox") { pull.statistics.received == 3 }
            let iterator = pull.messages.makeAsyncIterator()
            for _ in 0..<100 { #expect(await iterator.next()?.byteCount == 400) }
        }
    }

    @Test func oversizedMessagesAreDroppedAndCounted() async throws {
        try await withSockets { thread in
            let discards = Discards()
            var pulling = SocketConfiguration(.pull, bind: ["tcp://127.0.0.1:*"])
            pulling.messageLimit = MessageLimit(frames: 2, bytes: 1_000)
            pulling.onDiscard = discards.handler
            let pull = try await thread.open(pulling)
            let push = try await thread.open(SocketConfiguration(.push, connect: pull.boundEndpoints))
            try push.send([[UInt8](repeating: 1, count: 1_001)])
            try push.send([[1], [2], [3]])
            try push.send([[1], [2]])
            #expect(await pull.messages.makeAsyncIterator().next()?.frames == [[1], [2]])
            #expect(pull.statistics.oversized == 2)
            try await eventually("two reports") { await discards.all.count == 2 }
        }
    }

    /// libzmq ends the connection before the rest of such a frame is read.
    @Test func aFrameBeyondTheSocketsMaximumEndsItsConnection() async throws {
        try await withSockets { thread in
            var options = SocketOptions()
            options.maxMessageSize = 1_000
            let pull = try await thread.open(
                SocketConfiguration(.pull, bind: ["tcp://127.0.0.1:*"], options: options))
            let push = try await thread.open(SocketConfiguration(.push, connect: pull.boundEndpoints))
            try push.send([[UInt8](repeating: 1, count: 5_000)])
            try await eventually("a message after it") {
                try push.send([[1]])
                return pull.statistics.received > 0
            }
            #expect(await pull.messages.makeAsyncIterator().next()?.frames == [[1]])
        }
    }
}
