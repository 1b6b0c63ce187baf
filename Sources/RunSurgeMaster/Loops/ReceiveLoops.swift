internal import RunSurgeCore
internal import RunSurgeProtocol
internal import ZeroMQ

/// Reads the work endpoint. Decoding happens here, off the dispatcher.
struct WorkReceiveLoop: Sendable {
    let socket: SocketHandle
    let dispatcher: Dispatcher
    let watch: PeerWatch

    func run() async {
        while let batch = await socket.messages.nextBatch() {
            var messages: [(peer: Frame, message: WireWorkerMessage)] = []
            messages.reserveCapacity(batch.count)
            for received in batch {
                guard received.frames.count == 2 else {
                    watch.report(received.frames.first ?? [], "a message of \(received.frames.count) frames")
                    continue
                }
                do throws(ProtocolError) {
                    let message = try FrameCodec.decode(WireWorkerMessage.self, from: received.frames[1])
                    messages.append((received.frames[0], message))
                } catch {
                    watch.report(received.frames[0], error)
                }
            }
            if !messages.isEmpty { await dispatcher.receive(messages) }
        }
    }
}

/// Reads the results endpoint, no faster than the store takes them: what waits, waits at the workers, on disk.
struct ResultReceiveLoop: Sendable {
    let socket: SocketHandle
    let dispatcher: Dispatcher
    let writes: WorkQueue<StoreWrite>
    let aggregation: WorkQueue<AggregatorItem>
    let watch: PeerWatch

    private static let messagesAtOnce = 16

    func run() async {
        while let batch = await socket.messages.nextBatch(limit: Self.messagesAtOnce) {
            let received = batch.compactMap(decode)
            await writes.waitForRoom()
            await aggregation.waitForRoom()
            if !received.isEmpty { await dispatcher.receive(received) }
        }
    }

    private func decode(_ message: Message) -> ReceivedResults? {
        // PULL sockets know no peer: all of them share one mention a minute.
        guard message.frames.count == 1, let frame = message.frames.first else {
            watch.report([], "a result of \(message.frames.count) frames")
            return nil
        }
        do throws(ProtocolError) {
            let batch = try FrameCodec.decode(WireResultBatch.self, from: frame)
            guard batch.resultCount <= Limits.resultBatchItems else {
                throw .invalidField(message: "ResultBatch", field: "results")
            }
            return ReceivedResults(batch) { watch.report([], $0) }
        } catch {
            watch.report([], error)
            return nil
        }
    }
}
