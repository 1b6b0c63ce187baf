import Crypto
import RunSurgeCore
import Synchronization

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A file on its way into the store: written piece by piece, hashed on the way. Its lock tells other processes that
/// it is alive; whatever happens, its temporary name is gone with the object.
final class TemporaryFile: Sendable {
    private struct State {
        var hash = SHA256()
        var size: Int64 = 0
        /// Bytes that the disk was told to begin with.
        var begun: Int64 = 0
    }

    private static let serial = Atomic<UInt64>(0)
    private let file: FileHandle
    private let state = Mutex(State())

    /// Blocks.
    init(in folder: String) throws {
        while true {
            let serial = Self.serial.add(1, ordering: .relaxed).newValue
            let path = "\(folder)/\(getpid())-\(serial)-\(UInt32.random(in: 0 ... .max))"
            let file = try FileHandle(path: path, flags: O_RDWR | O_CREAT | O_EXCL)
            // A sweep that saw it between its creation and its lock has removed the name.
            guard file.tryLock(), try file.status().links > 0 else {
                unlink(path)
                continue
            }
            self.file = file
            return
        }
    }

    deinit { unlink(file.path) }

    /// Blocks. Frees the room that it takes, unless it has its final name already.
    func discard() {
        unlink(file.path)
        if (try? file.status().links) == 0 { _ = ftruncate(file.descriptor, 0) }
    }

    /// Blocks. - Throws: `BlobError.tooLarge` past `limit` bytes in all.
    func append(_ bytes: [UInt8], limit: Int64) throws {
        try state.withLock { state in
            guard Int64(bytes.count) <= limit - state.size else { throw BlobError.tooLarge(limit: limit) }
            try file.write(bytes)
            state.hash.update(data: bytes)
            state.size += Int64(bytes.count)
            beginSynchronizing(&state)
        }
    }

    /// Bytes of a large file that the disk is given while more of it comes, rather than all of it at its end.
    private static let begunBytes: Int64 = 8 << 20

    private func beginSynchronizing(_ state: inout State) {
        guard state.size - state.begun >= Self.begunBytes else { return }
        file.beginSynchronizing(state.begun..<state.size)
        state.begun = state.size
    }

    /// Blocks. Shares the extents of `source`, where the file system can; its later changes do not show.
    func clone(_ source: FileHandle) -> Bool {
        #if canImport(Glibc)
            // _IOW(0x94, 9, int)
            let FICLONE: UInt = 0x4004_9409
            return ioctl(file.descriptor, FICLONE, source.descriptor) == 0
        #else
            return false
        #endif
    }

    /// Blocks. Hashes the next slice of `source`, or of the clone that this file is, without writing; false at its end.
    func hashSlice(of source: FileHandle? = nil) throws -> Bool {
        try state.withLock { state in
            try forEachPiece(of: source ?? file, from: state.size) { bytes in
                state.hash.update(bufferPointer: bytes)
                state.size += Int64(bytes.count)
            }
        }
    }

    /// Blocks. Appends the next slice of `source`; false at its end.
    func copySlice(of source: FileHandle) throws -> Bool {
        try state.withLock { state in
            try forEachPiece(of: source, from: state.size) { bytes in
                state.hash.update(bufferPointer: bytes)
                try file.write(bytes)
                state.size += Int64(bytes.count)
                beginSynchronizing(&state)
            }
        }
    }

    private static let sliceBytes = 32 << 20
    private static let pieceBytes = 1 << 20

    private func forEachPiece(
        of source: FileHandle, from start: Int64, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Bool {
        try withUnsafeTemporaryAllocation(byteCount: Self.pieceBytes, alignment: 64) { buffer in
            var offset = start
            while offset - start < Int64(Self.sliceBytes) {
                let count = try source.read(at: offset, into: buffer)
                if count == 0 { return false }
                try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                offset += Int64(count)
            }
            return true
        }
    }

    var reference: BlobReference {
        state.withLock { BlobReference(sha256: $0.hash.finalize().hexadecimal, size: $0.size) }
    }

    /// Blocks. Gives the file its final name durably. What is there already is replaced by equal content, so concurrent
    /// stores of the same bytes all end well, and a damaged file is healed.
    func publish(at path: String, in folder: String, root: String) throws {
        try file.setMode(0o444)
        try file.synchronize()
        if rename(file.path, path) != 0 {
            guard errno == ENOENT else { _ = try retrying("rename", path) { rename(file.path, path) }; return }
            if mkdir(folder, 0o700) == 0 {
                try FileHandle.synchronizeFolder(root)
            } else if errno != EEXIST {
                _ = try retrying("mkdir", folder) { mkdir(folder, 0o700) }
            }
            _ = try retrying("rename", path) { rename(file.path, path) }
        }
        try FileHandle.synchronizeFolder(folder)
    }

    /// Blocks. Removes what writers that are no more have left in `folder`.
    static func sweep(_ folder: String) throws {
        for name in names(in: folder) {
            let path = "\(folder)/\(name)"
            guard let file = try? FileHandle(path: path, flags: O_RDWR), file.tryLock() else { continue }
            unlink(path)
        }
    }
}

extension SHA256Digest {
    /// 64 lower-case digits.
    var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(64)
        for byte in self {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
