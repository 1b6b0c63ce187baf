/// A CURVE public key.
public struct CurvePublicKey: Sendable, Hashable, CustomStringConvertible {
    /// 40 characters.
    public let z85: String
    /// 32 bytes.
    public var bytes: [UInt8] { Z85.decode(z85) ?? [] }

    /// Nil unless `z85` is 40 characters of Z85.
    public init?(z85: String) {
        guard CurveKeyFormat.isValid(z85) else { return nil }
        self.z85 = z85
    }

    /// Nil unless `bytes` are 32, as in the credentials frame of a ZAP request.
    public init?(bytes: [UInt8]) {
        guard bytes.count == CurveKeyFormat.byteCount, let text = Z85.encode(bytes) else { return nil }
        z85 = text
    }

    public var description: String { z85 }
}

/// A CURVE secret key; printing or reflecting it shows nothing.
public struct CurveSecretKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// 40 characters.
    public let z85: String

    /// Nil unless `z85` is 40 characters of Z85.
    public init?(z85: String) {
        guard CurveKeyFormat.isValid(z85) else { return nil }
        self.z85 = z85
    }

    public var description: String { "CurveSecretKey(redacted)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// The two keys of one party.
public struct CurveKeyPair: Sendable {
    public let publicKey: CurvePublicKey
    public let secretKey: CurveSecretKey

    public init(publicKey: CurvePublicKey, secretKey: CurveSecretKey) {
        self.publicKey = publicKey
        self.secretKey = secretKey
    }
}

enum CurveKeyFormat {
    static let byteCount = 32
    static let characterCount = 40

    static func isValid(_ text: String) -> Bool {
        text.utf8.count == characterCount && Z85.decode(text)?.count == byteCount
    }
}
