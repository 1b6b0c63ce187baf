/// The messages a socket receives, in order, for one consumer at a time.
///
/// Ends when the socket closes, after what had arrived; a cancelled task sees the end at once, and nothing is lost: the
/// next consumer goes on where it stopped.
public struct MessageStream: AsyncSequence, Sendable {
    public typealias Element = Message
    public typealias Failure = Never

    let inbox: Inbox

    public func makeAsyncIterator() -> Iterator { Iterator(inbox: inbox) }

    public struct Iterator: AsyncIteratorProtocol {
        let inbox: Inbox

        public func next(isolation actor: isolated (any Actor)?) async -> Message? {
            while true {
                switch inbox.take() {
                case .message(let message): return message
                case .finished: return nil
                case .nothingYet where Task.isCancelled: return nil
                case .nothingYet: await inbox.wait(isolation: actor)
                }
            }
        }

        public func next() async -> Message? { await next(isolation: nil) }
    }

    /// Waits for at least one message and takes up to `limit`; nil when the stream has ended or the task is cancelled.
    public func nextBatch(limit: Int = 1_024, isolation: isolated (any Actor)? = #isolation) async -> [Message]? {
        precondition(limit > 0, "a batch holds at least one message")
        while true {
            guard let batch = inbox.takeBatch(limit: limit) else { return nil }
            if !batch.isEmpty { return batch }
            if Task.isCancelled { return nil }
            await inbox.wait(isolation: isolation)
        }
    }
}
