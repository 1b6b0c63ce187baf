internal import CLinux
internal import Glibc

/// An open descriptor, closed when it goes away. Always close-on-exec.
struct FileDescriptor: ~Copyable, Sendable {
    let rawValue: Int32

    init(adopting rawValue: Int32) { self.rawValue = rawValue }

    deinit { if rawValue >= 0 { close(rawValue) } }

    /// Gives up ownership.
    consuming func release() -> Int32 {
        let value = rawValue
        discard self
        return value
    }

    static func open(_ path: String, _ flags: Int32, mode: mode_t = 0) throws(SystemError) -> FileDescriptor {
        let descriptor = Glibc.open(path, flags | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw SystemError("open \(path)") }
        return FileDescriptor(adopting: descriptor)
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = Glibc.write(rawValue, rest.baseAddress, rest.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw SystemError("write")
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    func write(_ bytes: [UInt8]) throws(SystemError) {
        var failure: SystemError?
        bytes.withUnsafeBytes { buffer in
            do throws(SystemError) { try write(buffer) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// Up to `limit` bytes at `offset`; fewer only at the end of the file.
    func read(at offset: Int64, limit: Int) throws(SystemError) -> [UInt8] {
        var failure: SystemError?
        let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, filled in
            while filled < limit {
                let rest = UnsafeMutableBufferPointer(rebasing: buffer[filled...])
                let count = pread(rawValue, rest.baseAddress, limit - filled, off_t(offset) + filled)
                if count < 0 {
                    if errno == EINTR { continue }
                    failure = SystemError("read")
                    return
                }
                if count == 0 { return }
                filled += count
            }
        }
        if let failure { throw failure }
        return bytes
    }
}

/// Both ends of a pipe, numbered from 10 up so that they never collide with the numbers a child expects. What is
/// not taken is closed.
struct Pipe: ~Copyable {
    private(set) var read: Int32 = -1
    private(set) var write: Int32 = -1

    init() throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        guard runsurge_pipe(&ends) == 0 else { throw SystemError("pipe") }
        let read = FileDescriptor(adopting: ends[0])
        let write = FileDescriptor(adopting: ends[1])
        self.read = try read.raisedAboveReserved().release()
        self.write = try write.raisedAboveReserved().release()
    }

    deinit {
        if read >= 0 { close(read) }
        if write >= 0 { close(write) }
    }

    mutating func takeRead() -> FileDescriptor {
        defer { read = -1 }
        return FileDescriptor(adopting: read)
    }

    mutating func takeWrite() -> FileDescriptor {
        defer { write = -1 }
        return FileDescriptor(adopting: write)
    }

    mutating func closeRead() { _ = takeRead() }
    mutating func closeWrite() { _ = takeWrite() }
}

extension FileDescriptor {
    /// The same open file under a number of at least 10.
    consuming func raisedAboveReserved() throws(SystemError) -> FileDescriptor {
        if rawValue >= 10 { return self }
        let moved = fcntl(rawValue, F_DUPFD_CLOEXEC, 10)
        guard moved >= 0 else { throw SystemError("fcntl") }
        return FileDescriptor(adopting: moved)
    }

    func setNonblocking() throws(SystemError) { try RunSurgeWorker.setNonblocking(rawValue) }
}

func setNonblocking(_ descriptor: Int32) throws(SystemError) {
    guard fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK) == 0 else { throw SystemError("fcntl") }
}

/// Asks for a deeper pipe; false when the system's bound for this user is lower.
func setPipeSize(_ descriptor: Int32, _ bytes: Int32) -> Bool { runsurge_pipe_size(descriptor, bytes) > 0 }
