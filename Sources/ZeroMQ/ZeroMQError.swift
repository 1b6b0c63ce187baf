/// What went wrong in a call to libzmq, or in this wrapper on the way to it.
///
/// The description holds no key and no message content, and is safe to show.
public struct ZeroMQError: Error, Sendable, Hashable {
    /// Who refused.
    public enum Reason: Sendable, Hashable {
        /// libzmq or the system answered with `code`.
        case library
        /// A bound on queued sends was reached: nothing was queued, try again when the queue has drained.
        case mailboxFull
        /// The socket or its thread is closed.
        case closed
        /// The argument can never work (an empty message, a key of the wrong length).
        case invalidArgument
    }

    public let reason: Reason
    /// An errno, or one of libzmq's own numbers above 156384712.
    public let code: Int32
    /// The C function or the operation that failed.
    public let function: String
    /// What it was about: an endpoint, an option.
    public let subject: String?

    public init(reason: Reason = .library, code: Int32, function: String, subject: String? = nil) {
        self.reason = reason
        self.code = code
        self.function = function
        self.subject = subject
    }

    /// The thread's mailbox is at its capacity.
    public static let mailboxFull = ZeroMQError(reason: .mailboxFull, code: Errno.again, function: "mailbox")
    /// The socket's own share of queued sends (`SocketConfiguration.sendQueue`) is used up.
    public static let sendQueueFull = ZeroMQError(reason: .mailboxFull, code: Errno.again, function: "send queue")
    /// The socket, or the thread that owns it, is closed.
    public static let closed = ZeroMQError(reason: .closed, code: Errno.badDescriptor, function: "socket")

    /// Somebody listens there: another process, or a socket of this one that is still being closed.
    public var isAddressInUse: Bool { reason == .library && code == Errno.addressInUse }

    /// Whether the same call can succeed later without any change by the caller.
    public var isRetriable: Bool {
        switch reason {
        case .mailboxFull: true
        case .closed, .invalidArgument: false
        case .library: Errno.transient.contains(code)
        }
    }
}

extension ZeroMQError: CustomStringConvertible {
    public var description: String {
        let call = subject.map { "\(function)(\($0))" } ?? function
        return switch reason {
        case .library: "\(call): \(Errno.text(code)) (errno \(code))"
        case .mailboxFull: "\(call) is full, the message was not queued"
        case .closed: "\(call) is closed"
        case .invalidArgument: "\(call): invalid argument"
        }
    }
}
