internal import RunSurgeProtocol
internal import ZeroMQ

/// Relays the heartbeats of attached workers to whoever watches. They are advisory: nothing is decided by them.
struct HeartbeatLoop: Sendable {
    let socket: SocketHandle
    let dispatcher: Dispatcher
    let events: EventPublisher
    let watch: PeerWatch

    func run() async {
        while let messages = await socket.messages.nextBatch() {
            for message in messages {
                guard message.frames.count == 2 else {
                    watch.report([], "a heartbeat of \(message.frames.count) frames")
                    continue
                }
                do throws(ProtocolError) {
                    let heartbeat = try FrameCodec.decode(WireHeartbeat.self, from: message.frames[1])
                    // Without a session that is attached as that node, anybody could speak for it.
                    guard await dispatcher.isAttached(heartbeat.session, as: heartbeat.nodeID) else { continue }
                    events.relay(message.frames[1], node: heartbeat.nodeID)
                } catch {
                    watch.report(message.frames[0], error)
                }
            }
        }
    }
}
