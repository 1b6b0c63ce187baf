import Foundation
import RunSurgeCore

/// Writes a stream of bytes to a file that appears under its name only when it is complete.
enum Download {
    /// - Throws: what the stream throws; nothing is left then.
    static func save(
        _ pieces: AsyncThrowingStream<[UInt8], any Error>, to path: String, mode: UInt32, modifiedNanoseconds: Int64?
    ) async throws {
        let staged = "\(path).runsurge-\(UInt64.random(in: 0 ... .max))"
        let file = try await LocalFile.create(at: staged)
        do {
            var offset: Int64 = 0
            for try await piece in pieces {
                try await file.write(piece, at: offset)
                offset += Int64(piece.count)
            }
            // An ended stream of a cancelled task looks like a complete one.
            try Task.checkCancellation()
            try await file.finish(mode: mode, modifiedNanoseconds: modifiedNanoseconds)
            try await LocalFile.rename(staged, to: path)
        } catch {
            LocalFile.remove(staged)
            throw error
        }
    }
}
