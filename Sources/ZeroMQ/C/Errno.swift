internal import CZeroMQ
internal import Glibc

/// The error numbers that matter here.
enum Errno {
    static let again = EAGAIN
    static let interrupted = EINTR
    static let hostUnreachable = EHOSTUNREACH
    static let badDescriptor = EBADF
    static let invalid = EINVAL
    static let notSupported = ENOTSUP
    static let messageSize = EMSGSIZE
    static let addressInUse = EADDRINUSE

    /// Shortages that pass.
    static let transient: Set<Int32> = [
        EAGAIN, EINTR, EHOSTUNREACH, EMFILE, ENFILE, ENOBUFS, ENOMEM,
    ]

    /// libzmq's text, which covers the system's numbers as well.
    static func text(_ code: Int32) -> String { String(cString: zmq_strerror(code)) }

    /// Throws the error of the libzmq call that has just returned `result`, if it failed.
    static func check(_ result: Int32, _ function: String, _ subject: String? = nil) throws(ZeroMQError) {
        if result == -1 { throw ZeroMQError(code: zmq_errno(), function: function, subject: subject) }
    }
}
