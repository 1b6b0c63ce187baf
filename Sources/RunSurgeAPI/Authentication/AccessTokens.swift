import Crypto
import Foundation
import JWTKit
import RunSurgeCore

/// Signs and checks access tokens (JWT) with one algorithm and one secret.
struct AccessTokens: Sendable {
    private struct Claims: JWTPayload {
        let sub: SubjectClaim
        let username: String
        let email: String
        let iat: IssuedAtClaim
        let exp: ExpirationClaim
        /// Keeps other tokens signed with the same secret from passing as access tokens.
        let type: String

        static let accessType = "access"

        func verify(using algorithm: some JWTAlgorithm) throws {
            try exp.verifyNotExpired()
            guard type == Self.accessType else {
                throw JWTError.claimVerificationFailure(failedClaim: nil, reason: "This is not an access token.")
            }
        }
    }

    private let keys: JWTKeyCollection
    private let algorithm: APIConfiguration.Algorithm
    private let lifetime: Duration
    /// Tokens whose signatures are good, by their hashes.
    private let checked = LastMade<Int, String, Claims>(capacity: 10_000)

    init(secret: String, algorithm: APIConfiguration.Algorithm, lifetime: Duration) async {
        let digest: DigestAlgorithm =
            switch algorithm {
            case .hs256: .sha256
            case .hs384: .sha384
            case .hs512: .sha512
            }
        // As long as the longest of the hashes, whatever the length of the configured secret, and of use for nothing
        // else that is derived from it.
        let key = HKDF<SHA512>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: Data(secret.utf8)), info: Data("runsurge access token".utf8),
            outputByteCount: SHA512.byteCount)
        keys = await JWTKeyCollection().add(hmac: HMACKey(key: key), digestAlgorithm: digest)
        self.algorithm = algorithm
        self.lifetime = lifetime
    }

    func issue(for user: User, now: Date = Date()) async throws -> String {
        let claims = Claims(
            sub: SubjectClaim(value: String(user.id.rawValue)), username: user.username, email: user.email,
            iat: IssuedAtClaim(value: now),
            exp: ExpirationClaim(value: now.addingTimeInterval(TimeInterval(lifetime.components.seconds))),
            type: Claims.accessType)
        return try await keys.sign(claims)
    }

    /// - Returns: nil for a token that is expired, malformed or not signed by this server.
    func user(of token: String) async -> User? {
        guard
            let claims = try? await checked.product(for: token.hashValue, of: token, make: { try await check(token) }),
            // It was good when it was checked.
            (try? claims.exp.verifyNotExpired()) != nil, let id = Int64(claims.sub.value)
        else { return nil }
        return User(id: UserID(id), username: claims.username, email: claims.email)
    }

    private func check(_ token: String) async throws -> Claims {
        guard Self.statedAlgorithm(of: token) == algorithm.rawValue else {
            throw JWTError.claimVerificationFailure(
                failedClaim: nil, reason: "This is not how access tokens are signed.")
        }
        return try await keys.verify(token, as: Claims.self)
    }

    private static func statedAlgorithm(of token: String) -> String? {
        try? DefaultJWTParser().parse(Array(token.utf8), as: Claims.self).header.alg
    }
}
