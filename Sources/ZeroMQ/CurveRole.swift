/// Which side of a CURVE handshake a socket takes.
public enum CurveRole: Sendable {
    /// Accepts clients that know the public key of `secretKey`; who is admitted is the ZAP handler's decision.
    case server(secretKey: CurveSecretKey)
    /// Connects only to the server that holds the secret of `serverKey`.
    case client(keys: CurveKeyPair, serverKey: CurvePublicKey)
}
