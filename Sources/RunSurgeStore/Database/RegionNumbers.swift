import Synchronization

/// Numbers of regions. A region is opened without waiting for the disk, so that a crash of the server may forget it,
/// and a sequence of the server's would give its number again, to another region, while results of the first are still
/// on their way. These are never given twice: a term is one process's, durably, and counts on its own.
final class RegionNumbers: Sendable {
    private let last = Atomic<Int64>(0)

    func next(in term: Int64) -> Int64 { term << 32 + last.add(1, ordering: .relaxed).newValue }
}
