import Crypto
import Foundation
import RunSurgeCore

/// Opaque tokens of 256 random bits that are exchanged for new ones; the store knows only their hashes.
struct RefreshTokens: Sendable {
    private let accounts: any AccountStore
    let lifetime: Duration

    init(accounts: any AccountStore, lifetime: Duration) {
        self.accounts = accounts
        self.lifetime = lifetime
    }

    /// Begins a new family.
    func issue(for user: UserID) async throws -> String {
        let token = Self.random()
        try await accounts.addRefreshToken(
            hash: Self.hash(token), family: HexCoding.encode(Self.randomBytes(16)), user: user, expires: expiry())
        return token
    }

    /// - Returns: the owner and the successor; nil when the token is unknown, expired or was used before, which
    ///   revokes its family.
    func rotate(_ token: String) async throws -> (user: UserID, successor: String)? {
        let successor = Self.random()
        let owner = try await accounts.rotateRefreshToken(
            hash: Self.hash(token), successor: Self.hash(successor), expires: expiry())
        return owner.map { ($0, successor) }
    }

    func revokeFamily(of token: String) async throws {
        try await accounts.revokeRefreshFamily(containing: Self.hash(token))
    }

    private func expiry() -> Timestamp {
        let now = Int64(Date().timeIntervalSince1970 * 1_000_000)
        return Timestamp(microseconds: now + lifetime.components.seconds * 1_000_000)
    }

    private static func random() -> String {
        Data(randomBytes(32)).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
            .replacing("=", with: "")
    }

    private static func randomBytes(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: 0 ... .max, using: &generator) }
    }

    private static func hash(_ token: String) -> [UInt8] { Array(SHA256.hash(data: Data(token.utf8))) }
}
