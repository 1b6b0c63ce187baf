internal import CZeroMQ

extension CurveKeyPair {
    /// A new random pair. Throws ENOTSUP when libzmq was built without CURVE.
    public static func generate() throws(ZeroMQError) -> CurveKeyPair {
        var publicText = [CChar](repeating: 0, count: CurveKeyFormat.characterCount + 1)
        var secretText = publicText
        try Errno.check(zmq_curve_keypair(&publicText, &secretText), "zmq_curve_keypair")
        return try CurveKeyPair(publicText: publicText, secretText: secretText)
    }

    /// The pair that `secretKey` belongs to.
    public init(secretKey: CurveSecretKey) throws(ZeroMQError) {
        var publicText = [CChar](repeating: 0, count: CurveKeyFormat.characterCount + 1)
        try Errno.check(zmq_curve_public(&publicText, secretKey.z85), "zmq_curve_public")
        guard let publicKey = CurvePublicKey(z85: Self.text(publicText)) else {
            throw ZeroMQError(reason: .invalidArgument, code: Errno.invalid, function: "zmq_curve_public")
        }
        self.init(publicKey: publicKey, secretKey: secretKey)
    }

    private init(publicText: [CChar], secretText: [CChar]) throws(ZeroMQError) {
        guard let publicKey = CurvePublicKey(z85: Self.text(publicText)),
            let secretKey = CurveSecretKey(z85: Self.text(secretText))
        else {
            throw ZeroMQError(reason: .invalidArgument, code: Errno.invalid, function: "zmq_curve_keypair")
        }
        self.init(publicKey: publicKey, secretKey: secretKey)
    }

    private static func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
