import Crypto
import Foundation
import RunSurgeCore

/// One large file to `PUT /api/blob/{sha256}`, beside the disk's own speed.
struct UploadMeasurement: Sendable {
    let url: String
    let token: String
    /// On the disk of the blobs.
    let folder: String
    let bytes: Int

    private static let piece = 1 << 20

    func run() async throws -> [BenchFigure] {
        let path = "\(folder)/bench-upload-\(getpid())"
        defer { unlink(path) }
        let (digest, writing) = try write(path)
        ProcessUsage.resetPeak()
        let before = ProcessUsage.own.residentBytes
        let uploading = try await ContinuousClock().measure {
            _ = try await Tool.run(
                "curl",
                [
                    "--silent", "--show-error", "--fail-with-body", "--upload-file", path, "--header",
                    "Authorization: Bearer \(token)", "--header", "Content-Type: application/octet-stream",
                    "\(url)/api/blob/\(digest)",
                ], package: "curl")
        }.seconds
        let grown = ProcessUsage.peak - before
        let size = Double(bytes) / Double(1 << 20)
        return [
            BenchFigure("upload of \(bytes >> 20) MiB", size / uploading, "MiB/s"),
            BenchFigure("upload, memory that the server grew by", bytes: max(0, grown)),
            BenchFigure("limit of the disk, written and synchronised", size / writing, "MiB/s"),
            BenchFigure("upload, share of the disk's speed", writing / uploading, "ratio"),
        ]
    }

    /// A file that no disk can pack, its SHA-256, and how long its writing alone took.
    private func write(_ path: String) throws -> (digest: String, seconds: Double) {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw CommandError.failure("can't write \(path): \(String(cString: strerror(errno)))") }
        defer { close(file) }
        var generator = SystemRandomNumberGenerator()
        var piece = (0..<Self.piece / 8).map { _ in generator.next() }
        var hash = SHA256()
        var seconds = 0.0
        for number in 0..<bytes / Self.piece {
            piece[0] = UInt64(number)
            try piece.withUnsafeBytes { bytes in
                hash.update(bufferPointer: bytes)
                seconds += try ContinuousClock().measure {
                    guard Glibc.write(file, bytes.baseAddress, bytes.count) == bytes.count else {
                        throw CommandError.failure("can't write \(path): \(String(cString: strerror(errno)))")
                    }
                }.seconds
            }
        }
        seconds += ContinuousClock().measure { fsync(file) }.seconds
        return (HexCoding.encode(hash.finalize()), seconds)
    }
}
