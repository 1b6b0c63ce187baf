import NIOPosix

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// An open file of this machine, closed with its last reference. Every call runs on a thread that may block.
final class LocalFile: Sendable {
    struct Status: Sendable {
        let size: Int64
        /// Type and permission bits.
        let mode: UInt32
        let modifiedNanoseconds: Int64
        var isDirectory: Bool { mode & UInt32(S_IFMT) == UInt32(S_IFDIR) }
        var isRegularFile: Bool { mode & UInt32(S_IFMT) == UInt32(S_IFREG) }
    }

    private let descriptor: Int32
    let path: String

    private init(descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit { close(descriptor) }

    /// - Throws: `ClientError` of kind `.localFile`; so do all other methods.
    static func open(reading path: String) async throws -> LocalFile { try await open(path, flags: O_RDONLY, mode: 0) }

    /// A new, empty file.
    static func create(at path: String) async throws -> LocalFile {
        try await open(path, flags: O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
    }

    private static func open(_ path: String, flags: Int32, mode: mode_t) async throws -> LocalFile {
        try await blocking {
            let descriptor = try attempt("open", path) {
                #if canImport(Darwin)
                    Darwin.open(path, flags | O_CLOEXEC, mode)
                #else
                    Glibc.open(path, flags | O_CLOEXEC, mode)
                #endif
            }
            return LocalFile(descriptor: descriptor, path: path)
        }
    }

    /// Follows links.
    static func status(of path: String) throws -> Status {
        var found = stat()
        _ = try attempt("read", path) { stat(path, &found) }
        #if canImport(Darwin)
            let time = found.st_mtimespec
        #else
            let time = found.st_mtim
        #endif
        return Status(
            size: Int64(found.st_size), mode: UInt32(found.st_mode),
            modifiedNanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    /// Up to `count` bytes from `offset`; fewer only at the end.
    func read(at offset: Int64, count: Int) async throws -> [UInt8] {
        try await Self.blocking { [self] in
            try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
                while filled < count {
                    let rest = UnsafeMutableBufferPointer(rebasing: buffer[filled...])
                    let position = off_t(offset) + off_t(filled)
                    let got = try Self.attempt("read", path) {
                        pread(descriptor, rest.baseAddress, rest.count, position)
                    }
                    if got == 0 { break }
                    filled += got
                }
            }
        }
    }

    func write(_ bytes: [UInt8], at offset: Int64) async throws {
        try await Self.blocking { [self] in
            try bytes.withUnsafeBytes { buffer in
                var written = 0
                while written < buffer.count {
                    let rest = UnsafeRawBufferPointer(rebasing: buffer[written...])
                    let position = off_t(offset) + off_t(written)
                    written += try Self.attempt("write", path) {
                        pwrite(descriptor, rest.baseAddress, rest.count, position)
                    }
                }
            }
        }
    }

    /// Gives the file its permission bits and, when there are any, its time.
    func finish(mode: UInt32, modifiedNanoseconds: Int64?) async throws {
        try await Self.blocking { [self] in
            _ = try Self.attempt("chmod", path) { fchmod(descriptor, mode_t(mode & 0o7777)) }
            guard let modifiedNanoseconds else { return }
            let seconds = modifiedNanoseconds / 1_000_000_000
            let time = timespec(tv_sec: Int(seconds), tv_nsec: Int(modifiedNanoseconds - seconds * 1_000_000_000))
            let times = [time, time]
            _ = try Self.attempt("set the time of", path) { futimens(descriptor, times) }
        }
    }

    static func rename(_ source: String, to destination: String) async throws {
        try await blocking {
            _ = try attempt("rename", destination) {
                #if canImport(Darwin)
                    Darwin.rename(source, destination)
                #else
                    Glibc.rename(source, destination)
                #endif
            }
        }
    }

    static func makeFolder(at path: String, mode: UInt32) async throws {
        try await blocking {
            if mkdir(path, mode_t(mode & 0o7777)) == 0 { return }
            if errno == EEXIST, try status(of: path).isDirectory { return }
            _ = try attempt("make the folder", path) { mkdir(path, mode_t(mode & 0o7777)) }
        }
    }

    /// Does not complain when it can't.
    static func remove(_ path: String) { unlink(path) }

    private static func blocking<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value
    {
        try await NIOThreadPool.singleton.runIfActive(work)
    }

    private static func attempt<Result: SignedInteger>(
        _ operation: String, _ path: String, _ call: () -> Result
    ) throws -> Result {
        while true {
            let result = call()
            if result >= 0 { return result }
            let code = errno
            if code == EINTR { continue }
            throw ClientError(
                .localFile, code: code == ENOSPC ? "disk_full" : "local_file",
                detail: "Can't \(operation) \(path): \(String(cString: strerror(code))).")
        }
    }
}
