import Foundation
import RunSurgeCore

extension LogStream {
    /// This process's own stream of the same kind.
    var descriptor: Int32 {
        switch self {
        case .standardOutput: STDOUT_FILENO
        case .standardError: STDERR_FILENO
        }
    }

    /// Writes all of `bytes`.
    /// - Throws: `ScriptStatus` as the shell reports a broken pipe when nobody reads any more.
    func write(_ bytes: [UInt8]) throws {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Foundation.write(descriptor, buffer.baseAddress?.advanced(by: written), buffer.count - written)
            }
            if count >= 0 {
                written += count
            } else if errno == EPIPE {
                throw ScriptStatus(value: 128 + SIGPIPE)
            } else if errno != EINTR && errno != EAGAIN {
                throw CommandError.failure("can't write the script's output: \(String(cString: strerror(errno)))")
            }
        }
    }
}
