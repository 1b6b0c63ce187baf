import Dispatch
import Foundation
import RunSurgeCore

/// This process's standard input in pieces of at most 1 MiB, read as they are asked for.
///
/// Read on a thread of its own, because it may never come.
enum StandardInput {
    private static let queue = DispatchQueue(label: "runsurge.standard-input")

    static var pieces: AsyncThrowingStream<[UInt8], any Error> {
        AsyncThrowingStream {
            try await withCheckedThrowingContinuation { continuation in
                queue.async {
                    continuation.resume(
                        with: Result {
                            let piece = try FileHandle.standardInput.read(upToCount: 1 << 20) ?? Data()
                            return piece.isEmpty ? nil : [UInt8](piece)
                        })
                }
            }
        }
    }

    /// All of it in a temporary file.
    static func spool() async throws -> Spool {
        let path = FileManager.default.temporaryDirectory.path + "/runsurge-input-\(UInt64.random(in: 0 ... .max))"
        let file = try OutputFile(path: path, mode: 0o600)
        var size: Int64 = 0
        for try await piece in pieces {
            size += Int64(piece.count)
            guard size <= Limits.uploadBytes else {
                throw CommandError.refused("standard input is longer than \(Limits.uploadBytes) bytes")
            }
            try file.append(piece)
        }
        try file.publish()
        return Spool(path: path, size: size)
    }

    struct Spool {
        let path: String
        /// Bytes.
        let size: Int64

        func remove() { unlink(path) }
    }
}
