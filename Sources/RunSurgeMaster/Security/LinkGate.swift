internal import Logging
internal import RunSurgeCore
internal import ZeroMQ

/// The ZAP handler of a master: asked about every connection, it answers from memory and never waits for the store.
struct LinkGate: Sendable {
    let keys: AdmittedKeys
    private let socket: SocketHandle
    private let answering: Task<Void, Never>

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
                    // Without an answer the peer's handshake runs out of time, and it comes again.
                    try? socket.send(request.reply(keys.verdict(on: request)))
                }
            }
        }
        return LinkGate(keys: keys, socket: socket, answering: answering)
    }

    func close() async {
        try? await socket.close()
        await answering.value
    }
}
