internal import ZeroMQ

/// The self-test at start: a peer with a key that nobody knows knocks at every endpoint of the network, and the ZAP
/// handler must have been asked and have turned it away. libzmq admits everybody when it finds nobody to ask.
struct SecurityCheck: Sendable {
    let sockets: MasterSockets
    let thread: SocketThread
    let keys: AdmittedKeys
    let serverKey: CurvePublicKey
    var deadline = Duration.seconds(10)

    /// - Throws: `MasterError.insecure` naming the endpoint.
    func run() async throws {
        let stranger = try CurveKeyPair.generate()
        keys.watch(stranger.publicKey)
        var knocking: [SocketHandle] = []
        do {
            for (domain, endpoint) in sockets.checked {
                var options = SocketOptions()
                options.curve = .client(keys: stranger, serverKey: serverKey)
                options.ipv6 = endpoint.contains("[")
                let kind: SocketKind =
                    switch domain {
                    case .work, .local: .dealer
                    case .results: .push
                    case .heartbeats: .pub
                    case .events: .sub
                    }
                knocking.append(
                    try await thread.open(SocketConfiguration(kind, connect: [endpoint], options: options)))
            }
            try await waitForVerdicts()
        } catch {
            for socket in knocking { try? await socket.close() }
            throw error
        }
        for socket in knocking { try? await socket.close() }
    }

    private func waitForVerdicts() async throws {
        let start = ContinuousClock.now
        while true {
            let probed = keys.probed
            for (domain, verdict) in probed {
                if case .admit = verdict {
                    throw MasterError.insecure(domain.rawValue, "admits a key that nobody knows")
                }
            }
            let unasked = sockets.checked.map(\.0).filter { probed[$0] == nil }
            guard let first = unasked.first else { return }
            guard ContinuousClock.now - start < deadline else {
                throw MasterError.insecure(first.rawValue, "does not ask who may connect")
            }
            try await Task.sleep(for: .milliseconds(2))
        }
    }
}
