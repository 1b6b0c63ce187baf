import Hummingbird
import NIOCore
import RunSurgeCore
import ServiceLifecycle

/// Streams what a job writes: the stored part as it grows, and when the job has ended the rest from its blob.
struct LogReader: Sendable {
    /// Bytes asked of the store at once.
    private static let pieceBytes = 256 << 10

    let jobs: any JobStore
    let blobs: any BlobStore
    let job: Job
    let stream: LogStream
    let interval: Duration

    /// - Parameter isFollowing: goes on until the job has ended; else ends with what is there now.
    func response(to request: Request, from offset: Int64, isFollowing: Bool) -> Response {
        var headers: HTTPFields = [.contentType: "text/plain; charset=utf-8", .cacheControl: "no-store"]
        guard isFollowing else {
            return Response(
                status: .ok, headers: headers,
                body: ResponseBody { writer in
                    var position = offset
                    try await writeStored(from: &position, to: &writer)
                    try await writer.finish(nil)
                })
        }
        // Watching for the reader's end takes the connection's input, so it serves nothing else afterwards.
        headers[.connection] = "close"
        let body = request.body
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody { writer in
                try await body.consumeWithCancellationOnInboundClose { _ in
                    try await follow(from: offset, to: &writer)
                }
                try await writer.finish(nil)
            })
    }

    private func follow(from offset: Int64, to writer: inout any ResponseBodyWriter) async throws {
        var position = offset
        while true {
            try Task.checkCancellation()
            // Cut rather than ended: the reader comes back, to this or to another master, where it was.
            if Task.isShuttingDownGracefully { throw CancellationError() }
            // The state first: a log that ends after it is complete when it is read after it.
            guard let current = try await jobs.job(job.id, owner: job.owner) else { return }
            try await writeStored(from: &position, to: &writer)
            if current.state.isFinal {
                try await writeRest(of: current, from: position, to: &writer)
                return
            }
            try await jobs.waitForChange(of: job.id, within: interval)
        }
    }

    private func writeStored(from position: inout Int64, to writer: inout any ResponseBodyWriter) async throws {
        while true {
            let bytes = try await jobs.log(
                of: job.id, owner: job.owner, stream: stream, offset: position, limit: Self.pieceBytes)
            guard !bytes.isEmpty else { return }
            try await writer.write(ByteBuffer(bytes: bytes))
            position += Int64(bytes.count)
        }
    }

    private func writeRest(of job: Job, from position: Int64, to writer: inout any ResponseBodyWriter) async throws {
        guard let blob = job.outcome?.blob(of: stream), position < blob.size else { return }
        for try await piece in try await blobs.read(blob, range: position..<blob.size) {
            try await writer.write(ByteBuffer(bytes: piece))
        }
    }
}
