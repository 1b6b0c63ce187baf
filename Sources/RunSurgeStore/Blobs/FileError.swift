#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A call on a file of the blob folder failed for a reason that is nobody's mistake but the machine's.
public struct FileError: Error, Equatable, CustomStringConvertible {
    /// The system call.
    public let operation: String
    public let path: String
    /// `errno`
    public let code: Int32

    public var description: String { "\(operation) of \(path) failed: \(String(cString: strerror(code)))." }
}
