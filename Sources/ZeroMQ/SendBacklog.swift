/// Sends that libzmq would not take yet, by peer and in order for each; sockets other than ROUTER have one lane.
struct SendBacklog {
    private struct Lane {
        var sends = FIFO<[Frame]>()
        var bytes = 0
    }

    /// What to do after trying the head of a lane.
    enum Step {
        /// It is gone, sent or dropped: go on with the lane.
        case next
        /// Still EAGAIN: leave the lane for later.
        case blocked
    }

    private var lanes: [Frame: Lane] = [:]
    /// Bound of each lane; nil where the socket's send queue alone bounds them.
    private let laneLimit: QueueLimit?

    init(laneLimit: QueueLimit?) { self.laneLimit = laneLimit }

    var isEmpty: Bool { lanes.isEmpty }

    func holds(_ lane: Frame) -> Bool { lanes[lane] != nil }

    /// False when the lane is at its bound; nothing is then kept.
    mutating func append(_ frames: [Frame], lane key: Frame) -> Bool {
        let bytes = frames.byteCount
        if let laneLimit, let lane = lanes[key],
            lane.sends.count >= laneLimit.messages || lane.bytes + bytes > laneLimit.bytes
        {
            return false
        }
        lanes[key, default: Lane()].sends.append(frames)
        lanes[key, default: Lane()].bytes += bytes
        return true
    }

    /// Offers each lane's sends in order until one is blocked; true when any lane moved.
    mutating func retry(_ attempt: ([Frame]) -> Step) -> Bool {
        var hasMoved = false
        for key in Array(lanes.keys) {
            while let frames = lanes[key]?.sends.first, attempt(frames) == .next {
                hasMoved = true
                _ = lanes[key]?.sends.popFirst()
                lanes[key]?.bytes -= frames.byteCount
            }
            if lanes[key]?.sends.isEmpty == true { lanes[key] = nil }
        }
        return hasMoved
    }

    /// Empties it.
    mutating func removeAll(_ body: ([Frame]) -> Void) {
        for var lane in lanes.values {
            while let frames = lane.sends.popFirst() { body(frames) }
        }
        lanes = [:]
    }
}
