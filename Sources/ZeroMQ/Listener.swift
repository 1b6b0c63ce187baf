/// An endpoint to bind, and who may connect to it.
///
/// libzmq gives a bound endpoint the options of the moment, so one socket can listen without CURVE for its own machine
/// and with it for the network.
public struct Listener: Sendable {
    public var endpoint: String
    /// The server's key; nil: peers need none.
    public var serverKey: CurveSecretKey?
    /// Named to the ZAP handler, who is asked about every peer and without whom nobody is let in.
    public var zapDomain: String

    public init(_ endpoint: String, serverKey: CurveSecretKey? = nil, zapDomain: String) {
        precondition(!zapDomain.isEmpty, "without a domain libzmq does not ask the ZAP handler about NULL peers")
        self.endpoint = endpoint
        self.serverKey = serverKey
        self.zapDomain = zapDomain
    }
}
