/// Bytes on their way out of an archive's process.
struct ArchivePieces: AsyncSequence, Sendable {
    let process: ArchiveProcess
    /// Bytes of an entry; nil: all until the process is done.
    let size: Int64?

    struct AsyncIterator: AsyncIteratorProtocol {
        let process: ArchiveProcess
        /// Nil where the end is a frame of its own.
        var left: Int64?

        mutating func next() async throws -> [UInt8]? {
            if left == 0 { return nil }
            let frame = try await process.next()
            if left == nil, frame.kind == "end" { return nil }
            let count = Int64(frame.body.count)
            guard frame.kind == "data", count > 0, count <= left ?? count else {
                throw ArchiveError.failed("its process wrote a frame that nobody expects")
            }
            left = left.map { $0 - count }
            return frame.body
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(process: process, left: size) }
}
