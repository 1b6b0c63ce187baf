import Crypto
import Foundation
import RunSurgeCore

/// Secrets of 256 random bits as text; the store knows only their hashes.
enum OpaqueToken {
    /// - Parameter prefix: tells people and scanners of leaked secrets what it is.
    static func make(prefix: String = "") -> String {
        let text = Data(randomBytes(32)).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
            .replacing("=", with: "")
        return prefix + text
    }

    static func randomBytes(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: 0 ... .max, using: &generator) }
    }

    /// SHA-256, which is enough for what can't be guessed.
    static func hash(_ token: String) -> [UInt8] { Array(SHA256.hash(data: Data(token.utf8))) }

    /// When what begins now ends.
    static func expiry(after lifetime: Duration) -> Timestamp {
        let now = Int64(Date().timeIntervalSince1970 * 1_000_000)
        return Timestamp(microseconds: now + lifetime.components.seconds * 1_000_000)
    }
}
