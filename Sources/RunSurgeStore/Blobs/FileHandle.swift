import RunSurgeCore

#if canImport(Darwin)
    import Darwin
#else
    import CLinux
    import Glibc
#endif

/// An open descriptor, closed with its last reference. Every method blocks: call them from a `BlockingPool`.
final class FileHandle: Sendable {
    let descriptor: Int32
    let path: String

    /// - Throws: `FileError`; `BlobError.storageFull` when there is no room for a new name.
    init(path: String, flags: Int32, mode: mode_t = 0o600) throws {
        descriptor = try retrying("open", path) { open(path, flags | O_CLOEXEC, mode) }
        self.path = path
    }

    deinit { close(descriptor) }

    struct Status {
        let size: Int64
        let links: Int
        let isRegularFile: Bool
    }

    func status() throws -> Status {
        var status = stat()
        _ = try retrying("fstat", path) { fstat(descriptor, &status) }
        return Status(
            size: Int64(status.st_size), links: Int(status.st_nlink), isRegularFile: status.st_mode & S_IFMT == S_IFREG)
    }

    /// Up to `count` bytes from `offset`; fewer only at the end of the file.
    func read(at offset: Int64, count: Int) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let free = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...])
                let position = off_t(offset) + off_t(filled)
                let got = try retrying("read", path) { pread(descriptor, free.baseAddress, free.count, position) }
                if got == 0 { break }
                filled += got
            }
        }
    }

    /// Reads at most the size of `buffer`; 0 at the end of the file.
    func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        try retrying("read", path) { pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset)) }
    }

    /// Writes all of `bytes` at the file's position.
    func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try write($0) } }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = UnsafeRawBufferPointer(rebasing: rest)
            #if canImport(Darwin)
                let written = try retrying("write", path) { Darwin.write(descriptor, piece.baseAddress, piece.count) }
            #else
                let written = try retrying("write", path) { Glibc.write(descriptor, piece.baseAddress, piece.count) }
            #endif
            rest = rest.dropFirst(written)
        }
    }

    func synchronize() throws { _ = try retrying("fsync", path) { fsync(descriptor) } }

    /// Has the disk begin with these bytes, and does not wait for it. What fails now is told by `synchronize`.
    func beginSynchronizing(_ range: Range<Int64>) {
        #if canImport(Glibc)
            _ = runsurge_begin_writing(descriptor, off_t(range.lowerBound), off_t(range.count))
        #endif
    }

    func setMode(_ mode: mode_t) throws { _ = try retrying("fchmod", path) { fchmod(descriptor, mode) } }

    /// Whether the lock was free and is now held by this descriptor; it goes with it.
    func tryLock() -> Bool { flock(descriptor, LOCK_EX | LOCK_NB) == 0 }

    /// Makes names created in, renamed into or removed from `folder` durable.
    static func synchronizeFolder(_ folder: String) throws {
        try FileHandle(path: folder, flags: O_RDONLY | O_DIRECTORY).synchronize()
    }
}

/// Repeats an interrupted call; a negative result becomes an error.
func retrying<Result: SignedInteger>(_ operation: String, _ path: String, _ call: () -> Result) throws -> Result {
    while true {
        let result = call()
        if result >= 0 { return result }
        switch errno {
        case EINTR: continue
        case ENOSPC, EDQUOT, EFBIG: throw BlobError.storageFull
        case let code: throw FileError(operation: operation, path: path, code: code)
        }
    }
}
