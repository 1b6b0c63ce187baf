internal import Logging
internal import RunSurgeCore
internal import ZeroMQ

/// The ZAP handler of a master: asked about every connection, it answers from memory. Only a peer that nobody knows waits
/// for the store to be read, and nobody waits for that peer.
struct LinkGate: Sendable {
    let keys: AdmittedKeys
    private let socket: SocketHandle
    private let answering: Task<Void, Never>
    private let settling: Task<Void, Never>

    /// Must be open before any other socket of the process: a peer that nobody can be asked about is turned away.
    static func open(on thread: SocketThread) async throws -> LinkGate {
        let keys = AdmittedKeys()
        var configuration = SocketConfiguration(.router)
        configuration.bind = [ZAPRequest.endpoint]
        configuration.messageLimit = MessageLimit(frames: 16, bytes: 4_096)
        let request = configuration
        let socket = try await MasterSockets.retryingWhileInUse { try await thread.open(request) }
        let answering = Task {
            while let batch = await socket.messages.nextBatch() {
                for case let request? in batch.map(ZAPRequest.init) {
                    if let verdict = keys.verdict(on: request) { answer(request, verdict) }
                }
            }
        }
        @Sendable func answer(_ request: ZAPRequest, _ verdict: ZAPRequest.Verdict) {
            // Without an answer the peer's handshake runs out of time, and it comes again.
            try? socket.send(request.reply(verdict))
        }
        let settling = Task {
            for await _ in keys.loads {
                for (request, verdict) in keys.takeDecided() { answer(request, verdict) }
            }
        }
        return LinkGate(keys: keys, socket: socket, answering: answering, settling: settling)
    }

    func close() async {
        try? await socket.close()
        await answering.value
        settling.cancel()
        await settling.value
    }
}
