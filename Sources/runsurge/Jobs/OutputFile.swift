import Foundation

/// A file of the script's that is being brought here: complete under its name, or not there at all.
final class OutputFile {
    private let path: String
    private let temporary: String
    private let handle: FileHandle
    private var isPublished = false

    /// - Parameter mode: permission bits of the finished file.
    init(path: String, mode: UInt32) throws {
        self.path = path
        temporary = "\(path).runsurge-\(UInt64.random(in: 0 ... .max))"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode_t(mode & 0o777))
        guard descriptor >= 0 else {
            throw CommandError.failure("can't write \(path): \(String(cString: strerror(errno)))")
        }
        fchmod(descriptor, mode_t(mode & 0o777))
        handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    deinit {
        if !isPublished { unlink(temporary) }
    }

    func append(_ bytes: [UInt8]) throws { try handle.write(contentsOf: bytes) }

    func publish() throws {
        try handle.close()
        guard rename(temporary, path) == 0 else {
            throw CommandError.failure("can't write \(path): \(String(cString: strerror(errno)))")
        }
        isPublished = true
    }
}
