import Testing
import ZeroMQ

@Suite(.timeLimit(.minutes(1))) struct CurveTests {
    /// A CURVE server without a ZAP handler admits every key, unless told to enforce its domain.
    @Test func onlyKnownKeysAreLetIn() async throws {
        try await withSockets { thread in
            let server = try CurveKeyPair.generate()
            let (known, stranger) = (try CurveKeyPair.generate(), try CurveKeyPair.generate())
            let gate = try await thread.open(SocketConfiguration(.router, bind: [ZAPRequest.endpoint]))
            let guarding = Task {
                for await message in gate.messages {
                    guard let request = ZAPRequest(message) else { continue }
                    let isKnown = request.curveKey == known.publicKey
                    try gate.send(request.reply(isKnown ? .admit(userID: "node-7") : .refuse))
                }
            }
            var options = SocketOptions()
            options.curve = .server(secretKey: server.secretKey)
            options.zapDomain = "runsurge"
            options.enforceZAPDomain = true
            var configuration = SocketConfiguration(.router, bind: ["tcp://127.0.0.1:*"], options: options)
            configuration.readsUserID = true
            let router = try await thread.open(configuration)
            func dealer(_ keys: CurveKeyPair) async throws -> SocketHandle {
                var options = SocketOptions()
                options.curve = .client(keys: keys, serverKey: server.publicKey)
                return try await thread.open(
                    SocketConfiguration(.dealer, connect: router.boundEndpoints, options: options))
            }
            try await dealer(stranger).send(["stranger".frame])
            try await dealer(known).send(["known".frame])
            let message = try #require(await router.messages.makeAsyncIterator().next())
            #expect(message.frames[1] == "known".frame)
            #expect(message.userID == "node-7")
            guarding.cancel()
        }
    }

    @Test func keysAreWhatTheySayAndSecretsStaySecret() throws {
        let pair = try CurveKeyPair.generate()
        #expect(pair.publicKey.bytes.count == 32)
        #expect(CurvePublicKey(bytes: pair.publicKey.bytes) == pair.publicKey)
        #expect(try CurveKeyPair(secretKey: pair.secretKey).publicKey == pair.publicKey)
        #expect(CurvePublicKey(z85: "short") == nil)
        #expect(!"\(pair) \(String(reflecting: pair))".contains(pair.secretKey.z85))
    }

    @Test(arguments: [[], [0x86, 0x4F, 0xD2, 0x6F, 0xB5, 0x59, 0xF7, 0x5B]])
    func z85IsReversible(bytes: [UInt8]) throws {
        let text = try #require(Z85.encode(bytes))
        #expect(Z85.decode(text) == bytes)
        #expect(bytes.isEmpty || text == "HelloWorld")
        #expect(Z85.encode([1, 2, 3]) == nil)
        #expect(Z85.decode("1234") == nil)
    }
}
