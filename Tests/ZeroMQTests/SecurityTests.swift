import Testing

@testable import ZeroMQ

/// What libzmq 4.3.4 does about security, and what the master's design leans on.
@Suite(.timeLimit(.minutes(1)), .serialized) struct SecurityTests {
    private static func server(_ keys: CurveKeyPair, domain: String?, isEnforced: Bool) -> SocketConfiguration {
        var options = SocketOptions()
        options.curve = .server(secretKey: keys.secretKey)
        options.zapDomain = domain
        options.enforceZAPDomain = isEnforced ? true : nil
        return SocketConfiguration(.router, bind: ["tcp://127.0.0.1:*"], options: options)
    }

    private static func client(_ kind: SocketKind, _ server: CurvePublicKey?, _ endpoint: String) throws
        -> SocketConfiguration
    {
        var options = SocketOptions()
        if let server { options.curve = .client(keys: try .generate(), serverKey: server) }
        return SocketConfiguration(kind, connect: [endpoint], options: options)
    }

    /// Without a handler and option 93 every key is admitted, even with a domain.
    @Test(arguments: [nil, "domain"]) func withoutAHandlerEveryKeyIsAdmitted(domain: String?) async throws {
        try await withSockets { thread in
            let keys = try CurveKeyPair.generate()
            let open = try await thread.open(Self.server(keys, domain: domain, isEnforced: false))
            let stranger = try await thread.open(
                Self.client(.dealer, keys.publicKey, open.boundEndpoints[0]))
            try stranger.send(["hello".frame])
            #expect(await open.messages.makeAsyncIterator().next()?.frames.last == "hello".frame)
        }
    }

    /// Option 93 and a domain: nobody is let in while nobody can be asked.
    @Test func withTheDomainEnforcedNobodyIsAdmittedWithoutAHandler() async throws {
        try await withSockets { thread in
            let keys = try CurveKeyPair.generate()
            let closed = try await thread.open(Self.server(keys, domain: "domain", isEnforced: true))
            let open = try await thread.open(Self.server(keys, domain: "domain", isEnforced: false))
            let refused = try await thread.open(Self.client(.dealer, keys.publicKey, closed.boundEndpoints[0]))
            try refused.send(["hello".frame])
            // Ten handshakes with the same key elsewhere: this one had time enough.
            for _ in 0..<10 {
                let admitted = try await thread.open(Self.client(.dealer, keys.publicKey, open.boundEndpoints[0]))
                try admitted.send(["hello".frame])
                #expect(await open.messages.makeAsyncIterator().next()?.frames.last == "hello".frame)
            }
            #expect(closed.statistics.received == 0)
        }
    }

    /// After a poll the ROUTER's identity frame has no User-Id; the payload frame does.
    @Test func theUserIDIsOnThePayloadFrame() throws {
        let context = try Context()
        let gate = try Socket(context, .router)
        _ = try gate.bind(ZAPRequest.endpoint)
        let keys = try CurveKeyPair.generate()
        let router = try Socket(context, .router)
        try router.apply(Self.server(keys, domain: "domain", isEnforced: true).options)
        let endpoint = try router.bind("tcp://127.0.0.1:*")
        let dealer = try Socket(context, .dealer)
        try dealer.apply(try Self.client(.dealer, keys.publicKey, endpoint).options)
        try dealer.connect(endpoint)
        try dealer.send(["hello".frame])

        let buffer = MessageBuffer()
        let deadline = ContinuousClock.now + .seconds(20)
        var poller = Poller()
        var userIDs: [String?] = []
        while userIDs.isEmpty, ContinuousClock.now < deadline {
            poller.removeAll()
            poller.add(gate, reading: true, writing: false)
            poller.add(router, reading: true, writing: false)
            poller.wait(for: .milliseconds(100))
            if let message = try gate.receive(limit: MessageLimit(frames: 16, bytes: 4_096)) {
                try gate.send(try #require(ZAPRequest(message)).reply(.admit(userID: "node/7")))
            }
            guard poller.isReadable(at: 1) else { continue }
            repeat {
                let isThere = buffer.receive(from: router)
                try #require(isThere)
                userIDs.append(buffer.userID)
            } while buffer.hasMore
        }
        #expect(userIDs == [nil, "node/7"])
    }

    /// A peer may send frames without end: neither option bounds the message, so the reader has to.
    @Test func anEndlessMultipartIsNotBoundedByLibzmq() async throws {
        let frames = 20_000
        let context = try Context()
        let pull = try Socket(context, .pull)
        var options = SocketOptions()
        options.maxMessageSize = 1_000
        options.receiveHighWaterMark = 1
        try pull.apply(options)
        let push = try Socket(context, .push)
        try push.connect(try pull.bind("tcp://127.0.0.1:*"))
        try push.send([Frame](repeating: Frame(repeating: 1, count: 1_000), count: frames))

        let buffer = MessageBuffer()
        var poller = Poller()
        poller.add(pull, reading: true, writing: false)
        poller.wait(for: .milliseconds(20_000))
        var count = 0
        repeat {
            let isThere = buffer.receive(from: pull)
            try #require(isThere)
            count += 1
        } while buffer.hasMore
        #expect(count == frames)

        // With a bound of ours it is read off and dropped, and what comes after it arrives.
        try await withSockets { thread in
            let discards = Discards()
            var pulling = SocketConfiguration(.pull, bind: ["tcp://127.0.0.1:*"], options: options)
            pulling.messageLimit = MessageLimit(frames: 1, bytes: 1_000)
            pulling.onDiscard = discards.handler
            let pull = try await thread.open(pulling)
            let push = try await thread.open(SocketConfiguration(.push, connect: pull.boundEndpoints))
            try push.send([Frame](repeating: Frame(repeating: 1, count: 1_000), count: frames))
            try push.send(["after".frame])
            #expect(await pull.messages.makeAsyncIterator().next()?.frames == ["after".frame])
            try await eventually("the report") { await discards.all.count == 1 }
            #expect(pull.statistics.oversized == 1)
        }
    }

    /// Options count for the binds after them: one socket has an endpoint without keys and one behind CURVE.
    @Test(arguments: [(SocketKind.router, SocketKind.dealer), (.pull, .push)])
    func eachEndpointOfASocketHasItsOwnSecurity(kind: SocketKind, clientKind: SocketKind) async throws {
        try await withSockets { thread in
            let gate = try await thread.open(SocketConfiguration(.router, bind: [ZAPRequest.endpoint]))
            let guarding = Task {
                for await message in gate.messages {
                    guard let request = ZAPRequest(message) else { continue }
                    try gate.send(request.reply(.admit(userID: "\(request.domain) \(request.mechanism)")))
                }
            }
            let keys = try CurveKeyPair.generate()
            let path = "/tmp/rs-\(UInt64.random(in: 0 ... .max))"
            var configuration = SocketConfiguration(kind)
            configuration.readsUserID = true
            configuration.listeners = [
                Listener("ipc://\(path)", zapDomain: "here"),
                Listener("tcp://127.0.0.1:*", serverKey: keys.secretKey, zapDomain: "everywhere"),
                Listener("ipc://\(path)-2", zapDomain: "here too"),
            ]
            let server = try await thread.open(configuration)
            let (local, network, second) = (
                server.boundEndpoints[0], server.boundEndpoints[1], server.boundEndpoints[2]
            )
            let iterator = server.messages.makeAsyncIterator()
            for (endpoint, key, userID) in [
                (local, nil, "here NULL"), (network, keys.publicKey, "everywhere CURVE"),
                (second, nil, "here too NULL"),
            ] {
                let client = try await thread.open(Self.client(clientKind, key, endpoint))
                try client.send(["hello".frame])
                let message = try #require(await iterator.next())
                #expect(message.frames.last == "hello".frame)
                #expect(message.userID == userID)
            }
            // Whoever comes with the wrong mechanism is not heard.
            let plain = try await thread.open(Self.client(clientKind, nil, network))
            let curve = try await thread.open(Self.client(clientKind, keys.publicKey, local))
            try plain.send(["plain".frame])
            try curve.send(["curve".frame])
            for number in 0..<10 {
                let client = try await thread.open(Self.client(clientKind, keys.publicKey, network))
                try client.send(["\(number)".frame])
                #expect(await iterator.next()?.frames.last == "\(number)".frame)
            }
            guarding.cancel()
        }
    }

    /// A socket that can't be bound says so, whichever of its endpoints it was.
    @Test func aListenerThatCannotBindIsAnError() async throws {
        try await withSockets { thread in
            var configuration = SocketConfiguration(.pull)
            configuration.listeners = [Listener("ipc:///nonexistent/folder/x", zapDomain: "here")]
            let refused = configuration
            await #expect(throws: ZeroMQError.self) { try await thread.open(refused) }
        }
    }
}
