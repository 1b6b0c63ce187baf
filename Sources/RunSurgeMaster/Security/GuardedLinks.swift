internal import RunSurgeCore
internal import ZeroMQ

/// The endpoints of a master with the gate before them, checked.
struct GuardedLinks: Sendable {
    let gate: LinkGate
    let sockets: MasterSockets

    /// - Throws: `MasterError`; what the store threw for good.
    static func open(
        _ configuration: MasterConfiguration, enrolment: (any EnrolmentStore)?, on thread: SocketThread,
        persistence: Persistence
    ) async throws -> GuardedLinks {
        let gate = try await LinkGate.open(on: thread)
        var bound: MasterSockets?
        do {
            if let enrolment {
                let load = gate.keys.beginLoad()
                let valid = try await persistence.persist("keys") { try await enrolment.validKeys() }
                _ = gate.keys.replace(valid, load: load)
            }
            let sockets = try await MasterSockets.bind(configuration, on: thread)
            bound = sockets
            if let keys = configuration.serverKeys {
                try await SecurityCheck(
                    sockets: sockets, thread: thread, keys: gate.keys, serverKey: keys.current.publicKey
                ).run()
            }
            return GuardedLinks(gate: gate, sockets: sockets)
        } catch {
            await bound?.close()
            await gate.close()
            throw error
        }
    }

    func close() async {
        await sockets.close()
        // Last: while an endpoint is open there must be somebody to ask.
        await gate.close()
    }
}
