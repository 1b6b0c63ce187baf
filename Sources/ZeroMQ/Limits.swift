/// A bound on a queue; whichever is reached first holds.
public struct QueueLimit: Sendable, Hashable {
    /// At least 1.
    public var messages: Int
    /// At least 1. One message may overshoot it, so that a large one can always pass.
    public var bytes: Int

    public init(messages: Int, bytes: Int) {
        precondition(messages > 0 && bytes > 0, "a queue holds at least one message and one byte")
        self.messages = messages
        self.bytes = bytes
    }
}

/// A bound on one received message; a larger one is read off, dropped and reported.
public struct MessageLimit: Sendable, Hashable {
    /// At least 1, the routing id of a ROUTER included.
    public var frames: Int
    /// All frames together, the routing id of a ROUTER included.
    public var bytes: Int

    public init(frames: Int, bytes: Int) {
        precondition(frames > 0 && bytes >= 0, "a message has at least one frame")
        self.frames = frames
        self.bytes = bytes
    }
}
