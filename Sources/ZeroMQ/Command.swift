/// What the socket thread is asked to do, in the order of asking.
enum Command: Sendable {
    typealias Reply<Value: Sendable> = CheckedContinuation<Result<Value, ZeroMQError>, Never>

    case send(SocketID, [Frame])
    case sendReporting(SocketID, [Frame], Reply<SendOutcome>)
    case open(OpenRequest, Reply<[String]>)
    case change(SocketID, SocketChange, Reply<[String]>)
    /// The consumer has drained the socket's inbox far enough.
    case resume(SocketID)
    case shutdown
}

/// What is needed to open a socket; the answer is the list of endpoints bound.
struct OpenRequest: Sendable {
    let id: SocketID
    let configuration: SocketConfiguration
    let inbox: Inbox
    let counters: SocketCounters
}

/// A change to an open socket.
enum SocketChange: Sendable {
    case bind(String)
    case unbind(String)
    case connect(String)
    case disconnect(String)
    case subscribe(Frame)
    case unsubscribe(Frame)
    case close
}

/// Names a socket within its thread; never used twice.
struct SocketID: Sendable, Hashable {
    let value: UInt64
}
