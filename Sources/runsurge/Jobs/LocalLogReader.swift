import RunSurgeCore

/// Follows one stream of a job: the live log while it runs, the rest from its outcome, since the live log is bounded.
actor LocalLogReader {
    private let gateway: LocalGateway
    private let job: JobID
    private let stream: LogStream
    private var offset: Int64 = 0
    private var rest: AsyncThrowingStream<[UInt8], any Error>?

    init(gateway: LocalGateway, job: JobID, stream: LogStream) {
        self.gateway = gateway
        self.job = job
        self.stream = stream
    }

    /// The next piece; nil at the end.
    func next() async throws -> [UInt8]? {
        while rest == nil {
            // Asked before the log: what is written in between is then found in the next round.
            let found = try await gateway.existing(job)
            let bytes = try await gateway.jobs.log(
                of: job, owner: gateway.owner, stream: stream, offset: offset, limit: 1 << 20)
            if !bytes.isEmpty {
                offset += Int64(bytes.count)
                return bytes
            }
            if found.state.isFinal {
                guard let outcome = found.outcome else { return nil }
                let blob = stream == .standardOutput ? outcome.standardOutput : outcome.standardError
                guard offset < blob.size else { return nil }
                rest = try await gateway.blobs.read(blob, range: offset..<blob.size)
            } else {
                try await gateway.jobs.waitForChange(of: job, within: .seconds(1))
            }
        }
        // One consumer, one piece after the other: a new iterator goes on where the last one stopped.
        var iterator = rest?.makeAsyncIterator()
        return try await iterator?.next()
    }
}
