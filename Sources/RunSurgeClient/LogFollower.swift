import AsyncHTTPClient
import NIOCore
import RunSurgeCore

/// Reads a job's stream, and when it follows, comes back where it was after every break.
actor LogFollower {
    /// Breaks in a row without an answer, before giving up.
    private static let fruitlessAttempts = 10

    private let transport: Transport
    private let path: String
    private let isFollowing: Bool
    private var position: Int64
    private var pieces: HTTPClientResponse.Body.AsyncIterator?
    private var isAtEnd = false
    private var fruitless = 0

    init(transport: Transport, job: JobID, stream: LogStream, offset: Int64, isFollowing: Bool) {
        self.transport = transport
        self.isFollowing = isFollowing
        position = offset
        let name =
            switch stream {
            case .standardOutput: "stdout"
            case .standardError: "stderr"
            }
        path = "/api/job/\(job)/logs?stream=\(name)&follow=\(isFollowing)"
    }

    /// nil at the end: of what is there, or when following, of the job.
    func next() async throws -> [UInt8]? {
        while !isAtEnd {
            do {
                guard let bytes = try await piece() else {
                    isAtEnd = true
                    return nil
                }
                position += Int64(bytes.count)
                if !bytes.isEmpty { return bytes }
            } catch let error as ClientError where error.isRetriable && fruitless < Self.fruitlessAttempts {
                pieces = nil
                fruitless += 1
                try await Transport.pause(beforeAttempt: fruitless)
            }
        }
        return nil
    }

    private func piece() async throws -> [UInt8]? {
        if pieces == nil {
            var call = Transport.Call(.GET, "\(path)&offset=\(position)")
            call.deadline = nil
            pieces = try await transport.send(call).body.makeAsyncIterator()
            // A master that answers lives; that its answers end early may just mean a silent job.
            fruitless = 0
        }
        guard var current = pieces.take() else { return nil }
        do {
            let piece = try await current.next(isolation: #isolation)
            pieces = current
            return piece.map { Array($0.readableBytesView) }
        } catch {
            throw transport.translated(error)
        }
    }
}
