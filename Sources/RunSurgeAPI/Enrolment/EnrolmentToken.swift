import Crypto
import Foundation
import RunSurgeCore

/// Tokens of 256 random bits; the store knows only their hashes.
enum EnrolmentToken {
    static func make() -> String {
        var generator = SystemRandomNumberGenerator()
        return "enroll-" + HexCoding.encode((0..<32).map { _ in UInt8.random(in: 0 ... .max, using: &generator) })
    }

    static func hash(_ token: String) -> [UInt8] { Array(SHA256.hash(data: Data(token.utf8))) }

    static func now(adding seconds: Int) -> Timestamp {
        Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000) + Int64(seconds) * 1_000_000)
    }
}
