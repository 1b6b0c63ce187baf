internal import RunSurgeProtocol
internal import ZeroMQ

/// Relays the heartbeats of attached workers to whoever watches. They are advisory: a sign of life, and nothing else is
/// decided by them.
struct HeartbeatLoop: Sendable {
    let socket: SocketHandle
    let keys: AdmittedKeys
    let dispatcher: Dispatcher
    let events: EventPublisher
    let watch: PeerWatch
    let metrics: MasterMetrics

    func run() async {
        while let messages = await socket.messages.nextBatch() {
            let received = messages.compactMap(decode)
            // Without a session that is attached as that node, anybody could speak for it.
            let known = await dispatcher.heard(received.map(\.origin))
            for (heartbeat, isKnown) in zip(received, known) where isKnown {
                events.relay(heartbeat.frame, node: heartbeat.origin.node)
            }
            metrics.heard(known.count { $0 })
        }
    }

    private func decode(_ message: Message) -> (origin: HeartbeatOrigin, frame: Frame)? {
        guard message.frames.count == 2 else {
            watch.report([], "a heartbeat of \(message.frames.count) frames")
            return nil
        }
        guard let sender = keys.identity(of: message.userID) else {
            watch.report([], "a heartbeat without a valid key")
            return nil
        }
        do throws(ProtocolError) {
            let heartbeat = try FrameCodec.decode(WireHeartbeat.self, from: message.frames[1])
            return (
                HeartbeatOrigin(sender: sender, session: heartbeat.session, node: heartbeat.nodeID), message.frames[1]
            )
        } catch {
            watch.report(message.frames[0], error)
            return nil
        }
    }
}

/// Whom a heartbeat is from, and whom it says it is of.
struct HeartbeatOrigin: Sendable {
    let sender: PeerIdentity
    let session: UInt64
    let node: Int64
}
