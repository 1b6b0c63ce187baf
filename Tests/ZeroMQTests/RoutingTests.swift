import Testing
import ZeroMQ

@Suite(.timeLimit(.minutes(1))) struct RoutingTests {
    @Test func aMessageToNobodyIsReported() async throws {
        try await withSockets { thread in
            let discards = Discards()
            var configuration = SocketConfiguration(.router, bind: ["tcp://127.0.0.1:*"])
            configuration.onDiscard = discards.handler
            let router = try await thread.open(configuration)
            #expect(try await router.sendReportingOutcome(["nobody".frame, "hello".frame]) == .unroutable)
            try router.send(["nobody".frame, "hello".frame])
            try await eventually("the report") {
                await discards.all == [.unroutable(peer: "nobody".frame)]
            }
            #expect(router.statistics.discarded == 1)
            #expect(router.statistics.queued == 0)
        }
    }

    @Test func aPeerThatIsGoneBecomesUnroutable() async throws {
        try await withSockets { thread in
            let router = try await thread.open(SocketConfiguration(.router, bind: ["tcp://127.0.0.1:*"]))
            var options = SocketOptions()
            options.routingID = "worker".frame
            let dealer = try await thread.open(
                SocketConfiguration(.dealer, connect: router.boundEndpoints, options: options))
            try dealer.send(["hello".frame])
            #expect(await router.messages.makeAsyncIterator().next()?.frames == ["worker".frame, "hello".frame])
            try await dealer.close()
            try await eventually("the end of the connection") {
                try await router.sendReportingOutcome(["worker".frame, "?".frame]) == .unroutable
            }
        }
    }

    /// Without handover libzmq 4.3.4 leaves the second connection mute for good.
    @Test func aPeerComesBackUnderItsName() async throws {
        try await withSockets { thread in
            let router = try await thread.open(SocketConfiguration(.router, bind: ["tcp://127.0.0.1:*"]))
            var options = SocketOptions()
            options.routingID = "worker".frame
            let configuration = SocketConfiguration(.dealer, connect: router.boundEndpoints, options: options)
            let iterator = router.messages.makeAsyncIterator()
            let first = try await thread.open(configuration)
            try first.send(["1".frame])
            #expect(await iterator.next()?.frames == ["worker".frame, "1".frame])
            let second = try await thread.open(configuration)
            try second.send(["2".frame])
            #expect(await iterator.next()?.frames == ["worker".frame, "2".frame])
            try router.send(["worker".frame, "for the second".frame])
            #expect(await second.messages.makeAsyncIterator().next()?.frames == ["for the second".frame])
        }
    }

    @Test func oneSlowPeerDoesNotHoldUpTheOthers() async throws {
        try await withSockets { thread in
            let discards = Discards()
            var routerOptions = SocketOptions()
            routerOptions.sendHighWaterMark = 5
            var configuration = SocketConfiguration(.router, bind: ["tcp://127.0.0.1:*"], options: routerOptions)
            configuration.peerQueue = QueueLimit(messages: 100, bytes: 64 << 20)
            configuration.onDiscard = discards.handler
            let router = try await thread.open(configuration)
            func dealer(_ name: String, inbox: Int) async throws -> SocketHandle {
                var options = SocketOptions()
                options.routingID = name.frame
                options.receiveHighWaterMark = 5
                var configuration = SocketConfiguration(.dealer, connect: router.boundEndpoints, options: options)
                configuration.inbox = QueueLimit(messages: inbox, bytes: 64 << 20)
                let dealer = try await thread.open(configuration)
                try dealer.send(["hello".frame])
                _ = await router.messages.makeAsyncIterator().next()
                return dealer
            }
            let slow = try await dealer("slow", inbox: 1)
            let quick = try await dealer("quick", inbox: 1_000)
            let large = [UInt8](repeating: 1, count: 200_000)
            for _ in 0..<300 { try router.send(["slow".frame, large]) }
            for index in 0..<50 { try router.send(["quick".frame, "\(index)".frame]) }
            let iterator = quick.messages.makeAsyncIterator()
            for index in 0..<50 { #expect(await iterator.next()?.frames == ["\(index)".frame]) }
            try await eventually("the bound of the slow peer's queue") {
                await discards.all.contains(.backlogFull(peer: "slow".frame))
            }
            // What was kept for it still arrives, in order, once it reads.
            let kept = 300 - router.statistics.discarded
            let slowIterator = slow.messages.makeAsyncIterator()
            for _ in 0..<kept { #expect(await slowIterator.next()?.frames == [large]) }
        }
    }
}
