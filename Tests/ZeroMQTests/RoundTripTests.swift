import Testing
import ZeroMQ

@Suite(.timeLimit(.minutes(1))) struct RoundTripTests {
    @Test(arguments: ["tcp://127.0.0.1:*", "inproc://round-trip"])
    func aRouterAnswersItsDealers(endpoint: String) async throws {
        try await withSockets { thread in
            let router = try await thread.open(SocketConfiguration(.router, bind: [endpoint]))
            let answering = Task {
                while let messages = await router.messages.nextBatch() {
                    for message in messages {
                        try router.send([message.frames[0], "re:".frame + message.frames[1]])
                    }
                }
            }
            let dealers = try await [
                thread.open(SocketConfiguration(.dealer, connect: router.boundEndpoints)),
                thread.open(SocketConfiguration(.dealer, connect: router.boundEndpoints)),
            ]
            for (number, dealer) in dealers.enumerated() {
                for index in 0..<100 { try dealer.send(["\(number)-\(index)".frame]) }
            }
            for (number, dealer) in dealers.enumerated() {
                let iterator = dealer.messages.makeAsyncIterator()
                for index in 0..<100 {
                    #expect(await iterator.next()?.frames == ["re:\(number)-\(index)".frame])
                }
            }
            answering.cancel()
        }
    }

    @Test func manyFramesAndEmptyOnesArriveAsSent() async throws {
        try await withSockets { thread in
            let pull = try await thread.open(SocketConfiguration(.pull, bind: ["tcp://127.0.0.1:*"]))
            let push = try await thread.open(SocketConfiguration(.push, connect: pull.boundEndpoints))
            let frames: [Frame] = [[], [1], [], [UInt8](repeating: 7, count: 3_000_000), []]
            try push.send(frames)
            #expect(await pull.messages.makeAsyncIterator().next()?.frames == frames)
            #expect(throws: ZeroMQError.self) { try push.send([]) }
        }
    }

    @Test func whatIsPushedIsPulledInOrder() async throws {
        try await withSockets { thread in
            let pull = try await thread.open(SocketConfiguration(.pull, bind: ["tcp://127.0.0.1:*"]))
            let push = try await thread.open(SocketConfiguration(.push, connect: pull.boundEndpoints))
            for index in 0..<20_000 { try push.send(["\(index)".frame]) }
            var received = 0
            while received < 20_000, let batch = await pull.messages.nextBatch() {
                for message in batch {
                    #expect(message.frames == ["\(received)".frame])
                    received += 1
                }
            }
            #expect(push.statistics.sent == 20_000)
            #expect(pull.statistics.received == 20_000)
        }
    }

    @Test func anXPUBHearsOfSubscriptionsAndServesThem() async throws {
        try await withSockets { thread in
            let publisher = try await thread.open(SocketConfiguration(.xpub, bind: ["tcp://127.0.0.1:*"]))
            let subscriber = try await thread.open(SocketConfiguration(.sub, connect: publisher.boundEndpoints))
            try await subscriber.subscribe("job/1".frame)
            #expect(await publisher.messages.makeAsyncIterator().next()?.frames == [[1] + "job/1".frame])
            try publisher.send(["job/2".frame, "no".frame])
            try publisher.send(["job/1".frame, "yes".frame])
            #expect(await subscriber.messages.makeAsyncIterator().next()?.frames == ["job/1".frame, "yes".frame])
            try await subscriber.unsubscribe("job/1".frame)
            #expect(await publisher.messages.makeAsyncIterator().next()?.frames == [[0] + "job/1".frame])
        }
    }

    @Test func aPortThatIsTakenIsNamed() async throws {
        try await withSockets { thread in
            let pull = try await thread.open(SocketConfiguration(.pull, bind: ["tcp://127.0.0.1:*"]))
            let endpoint = pull.boundEndpoints[0]
            do {
                _ = try await thread.open(SocketConfiguration(.pull, bind: [endpoint]))
                Issue.record("it was bound twice")
            } catch let error as ZeroMQError {
                #expect(error.isAddressInUse)
                #expect(error.description.contains(endpoint))
            }
        }
    }
}
