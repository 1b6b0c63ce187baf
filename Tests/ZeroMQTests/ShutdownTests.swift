import Testing
import ZeroMQ

@Suite(.timeLimit(.minutes(1))) struct ShutdownTests {
    @Test func streamsEndAndSendsAreRefused() async throws {
        let thread = try SocketThread(name: "test")
        let router = try await thread.open(SocketConfiguration(.router, bind: ["tcp://127.0.0.1:*"]))
        let reading = Task { await router.messages.makeAsyncIterator().next() }
        await thread.shutdown()
        #expect(await reading.value == nil)
        #expect(throws: ZeroMQError.closed) { try router.send(["a".frame, "b".frame]) }
        await #expect(throws: ZeroMQError.closed) {
            _ = try await thread.open(SocketConfiguration(.pull, bind: ["tcp://127.0.0.1:*"]))
        }
        try await router.close()
        await thread.shutdown()
    }

    @Test func messagesThatHaveArrivedAreStillRead() async throws {
        try await withSockets { thread in
            let pull = try await thread.open(SocketConfiguration(.pull, bind: ["inproc://arrived"]))
            let push = try await thread.open(SocketConfiguration(.push, connect: ["inproc://arrived"]))
            for index in 0..<10 { try push.send(["\(index)".frame]) }
            try await eventually("arrival") { pull.statistics.received == 10 }
            try await pull.close()
            var read: [Frame] = []
            for await message in pull.messages { read += message.frames }
            #expect(read == (0..<10).map { "\($0)".frame })
        }
    }

    @Test func aCancelledReaderLosesNothing() async throws {
        try await withSockets { thread in
            let pull = try await thread.open(SocketConfiguration(.pull, bind: ["inproc://cancelled"]))
            let push = try await thread.open(SocketConfiguration(.push, connect: ["inproc://cancelled"]))
            let reading = Task { await pull.messages.makeAsyncIterator().next() }
            reading.cancel()
            #expect(await reading.value == nil)
            try push.send(["kept".frame])
            #expect(await pull.messages.makeAsyncIterator().next()?.frames == ["kept".frame])
        }
    }

    @Test func aFullLingeringQueueDoesNotHoldUpTheEnd() async throws {
        let thread = try SocketThread(name: "test")
        let push = try await thread.open(SocketConfiguration(.push, connect: ["tcp://127.0.0.1:1"]))
        for _ in 0..<5_000 { try push.send([[UInt8](repeating: 1, count: 100)]) }
        let start = ContinuousClock.now
        await thread.shutdown()
        #expect(ContinuousClock.now - start < .seconds(5))
    }

    @Test func aThreadThatIsLetGoEndsByItself() async throws {
        for _ in 0..<20 {
            let thread = try SocketThread(name: "test")
            _ = try await thread.open(SocketConfiguration(.pull, bind: ["tcp://127.0.0.1:*"]))
        }
    }
}
