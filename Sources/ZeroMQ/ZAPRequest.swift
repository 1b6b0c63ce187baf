/// A question to the ZAP handler (ZeroMQ RFC 27): may this connection be made?
///
/// The handler is a ROUTER bound to `ZAPRequest.endpoint`, opened before any other socket of the thread. It sends
/// `reply` for each request; until then the connection waits.
public struct ZAPRequest: Sendable {
    public static let endpoint = "inproc://zeromq.zap.01"

    public let domain: String
    /// The peer's address, without a port.
    public let address: String
    /// `NULL`, `PLAIN` or `CURVE`.
    public let mechanism: String
    /// For CURVE the client's public key.
    public let curveKey: CurvePublicKey?
    private let route: [Frame]
    private let requestID: Frame

    /// Nil when it is not a request of version 1.0.
    public init?(_ message: Message) {
        guard let delimiter = message.frames.firstIndex(of: []) else { return nil }
        let body = message.frames[(delimiter + 1)...]
        guard body.count >= 6, body[delimiter + 1] == Array("1.0".utf8) else { return nil }
        route = Array(message.frames[...delimiter])
        requestID = body[delimiter + 2]
        domain = String(decoding: body[delimiter + 3], as: UTF8.self)
        address = String(decoding: body[delimiter + 4], as: UTF8.self)
        mechanism = String(decoding: body[delimiter + 6], as: UTF8.self)
        curveKey = mechanism == "CURVE" && body.count == 7 ? CurvePublicKey(bytes: body[delimiter + 7]) : nil
    }

    public enum Verdict: Sendable, Hashable {
        /// Every message of the connection then carries the User-Id.
        case admit(userID: String)
        /// libzmq closes the connection; the client does not try again by itself.
        case refuse
        /// Try again later.
        case unavailable
    }

    /// The frames to send on the handler's socket.
    public func reply(_ verdict: Verdict) -> [Frame] {
        let (code, text, userID) =
            switch verdict {
            case .admit(let userID): ("200", "OK", userID)
            case .refuse: ("400", "refused", "")
            case .unavailable: ("300", "unavailable", "")
            }
        return route + [Array("1.0".utf8), requestID, Array(code.utf8), Array(text.utf8), Array(userID.utf8), []]
    }
}
