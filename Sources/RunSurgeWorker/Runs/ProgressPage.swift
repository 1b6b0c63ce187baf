internal import Glibc

/// What a chunk process noted last of how far it has come, in numbers of 8 bytes; it outlives the process.
struct ProgressPage: Equatable {
    static let bytes = 4_096

    /// The chunk whose piece is at hand; nil: none has begun.
    let chunk: Int64?
    let progress: ChunkPieces.Progress

    /// Nil when it can't be read.
    init?(path: String) {
        guard let file = try? FileDescriptor.open(path, O_RDONLY) else { return nil }
        var numbers: [Int64] = [0, 0, 0]
        let size = numbers.count * MemoryLayout<Int64>.size
        guard numbers.withUnsafeMutableBytes({ read(file.rawValue, $0.baseAddress, size) }) == size else { return nil }
        chunk = numbers[0] > 0 ? numbers[0] - 1 : nil
        progress = ChunkPieces.Progress(given: max(0, numbers[2]), passed: min(max(0, numbers[1]), max(0, numbers[2])))
    }
}
