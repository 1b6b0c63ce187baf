internal import RunSurgeCore
internal import RunSurgeProtocol
internal import ZeroMQ

/// Reads the work endpoint. Decoding happens here, off the dispatcher.
struct WorkReceiveLoop: Sendable {
    let socket: SocketHandle
    let keys: AdmittedKeys
    let dispatcher: Dispatcher
    let watch: PeerWatch

    func run() async {
        while let batch = await socket.messages.nextBatch() {
            var messages: [WorkerLetter] = []
            messages.reserveCapacity(batch.count)
            let members = keys.members
            for received in batch {
                guard received.frames.count == 2 else {
                    watch.report(received.frames.first ?? [], "a message of \(received.frames.count) frames")
                    continue
                }
                guard let sender = received.userID.flatMap({ members[$0] }), sender.isWorker else {
                    watch.report(received.frames[0], "a message without a valid key")
                    continue
                }
                do throws(ProtocolError) {
                    let message = try FrameCodec.decode(WireWorkerMessage.self, from: received.frames[1])
                    messages.append(WorkerLetter(peer: received.frames[0], sender: sender, message: message))
                } catch {
                    watch.report(received.frames[0], error)
                }
            }
            if !messages.isEmpty { await dispatcher.receive(messages) }
        }
    }
}

/// A message of the work endpoint, with who really sent it.
struct WorkerLetter: Sendable {
    let peer: Frame
    let sender: PeerIdentity
    let message: WireWorkerMessage
}

/// Reads the results endpoint, no faster than the store takes them: what waits, waits at the workers, on disk.
struct ResultReceiveLoop: Sendable {
    let socket: SocketHandle
    let keys: AdmittedKeys
    let dispatcher: Dispatcher
    let writes: WorkQueue<StoreWrite>
    let aggregation: WorkQueue<AggregatorItem>
    let watch: PeerWatch

    private static let messagesAtOnce = 16

    func run() async {
        while let batch = await socket.messages.nextBatch(limit: Self.messagesAtOnce) {
            let members = keys.members
            let received = batch.compactMap { decode($0, members) }
            await writes.waitForRoom()
            await aggregation.waitForRoom()
            if !received.isEmpty { await dispatcher.receive(received) }
        }
    }

    private func decode(_ message: Message, _ members: [String: PeerIdentity]) -> ReceivedResults? {
        // PULL sockets know no peer: all of them share one mention a minute.
        guard message.frames.count == 1, let frame = message.frames.first else {
            watch.report([], "a result of \(message.frames.count) frames")
            return nil
        }
        guard let sender = message.userID.flatMap({ members[$0] }), sender.isWorker else {
            watch.report([], "a result without a valid key")
            return nil
        }
        do throws(ProtocolError) {
            let batch = try FrameCodec.decode(WireResultBatch.self, from: frame)
            guard batch.resultCount <= Limits.resultBatchItems else {
                throw .invalidField(message: "ResultBatch", field: "results")
            }
            return ReceivedResults(batch, from: sender) { watch.report([], $0) }
        } catch {
            watch.report([], error)
            return nil
        }
    }
}
