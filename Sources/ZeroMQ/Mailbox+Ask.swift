extension Mailbox {
    /// Posts a command and waits for its answer. Throws the answer's error, `.mailboxFull` or `.closed`.
    @discardableResult
    func ask<Value>(_ command: (Command.Reply<Value>) -> Command) async throws(ZeroMQError) -> Value {
        let result: Result<Value, ZeroMQError> = await withCheckedContinuation { reply in
            do throws(ZeroMQError) {
                try post(command(reply))
            } catch {
                reply.resume(returning: .failure(error))
            }
        }
        return try result.get()
    }
}
