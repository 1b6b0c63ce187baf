import Crypto
import CryptoExtras
import Foundation
import NIOPosix
import RunSurgeCore

/// scrypt, slow by design. A few at a time, on threads of their own: the cooperative pool never waits for one.
///
/// A stored hash carries its own cost, `scrypt$rounds$blockSize$parallelism$salt$key`, so a change of the
/// configuration leaves old accounts valid.
struct PasswordHasher: Sendable {
    private static let saltBytes = 16
    private static let keyBytes = 32
    private static let concurrency = 2
    /// Logins that wait for their turn; further ones are told to come back.
    private static let waiting = 64

    private let cost: APIConfiguration.PasswordCost
    private let limit = AsyncLimit(concurrency, waiting: waiting)

    init(cost: APIConfiguration.PasswordCost) { self.cost = cost }

    /// - Throws: `AsyncLimit.Busy` when too many wait already.
    func hash(_ password: String) async throws -> String {
        var generator = SystemRandomNumberGenerator()
        let salt = (0..<Self.saltBytes).map { _ in UInt8.random(in: 0 ... .max, using: &generator) }
        let key = try await derive(password, salt: salt, cost: cost)
        let numbers = [cost.rounds, cost.blockSize, cost.parallelism].map(String.init)
        return (["scrypt"] + numbers + [Data(salt).base64EncodedString(), Data(key).base64EncodedString()])
            .joined(separator: "$")
    }

    /// - Throws: `AsyncLimit.Busy` when too many wait already.
    func verify(_ password: String, against stored: String) async throws -> Bool {
        guard let parts = StoredHash(stored) else { return false }
        let key = try await derive(password, salt: parts.salt, cost: parts.cost)
        return ConstantTime.areEqual(key, parts.key)
    }

    /// Takes as long as a real check, so that the time of an answer does not tell whether an account exists.
    func verifyNothing(_ password: String) async throws {
        _ = try await derive(password, salt: [UInt8](repeating: 0, count: Self.saltBytes), cost: cost)
    }

    private func derive(_ password: String, salt: [UInt8], cost: APIConfiguration.PasswordCost) async throws -> [UInt8]
    {
        try await limit.run {
            try await NIOThreadPool.singleton.runIfActive {
                try KDF.Scrypt.deriveKey(
                    from: Data(password.utf8), salt: salt, outputByteCount: Self.keyBytes, rounds: cost.rounds,
                    blockSize: cost.blockSize, parallelism: cost.parallelism
                ).withUnsafeBytes { Array($0) }
            }
        }
    }
}

private struct StoredHash {
    let cost: APIConfiguration.PasswordCost
    let salt: [UInt8]
    let key: [UInt8]

    init?(_ text: String) {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 6, parts[0] == "scrypt", let rounds = Int(parts[1]), let blockSize = Int(parts[2]),
            let parallelism = Int(parts[3]), let salt = Data(base64Encoded: parts[4]),
            let key = Data(base64Encoded: parts[5])
        else { return nil }
        cost = APIConfiguration.PasswordCost(rounds: rounds, blockSize: blockSize, parallelism: parallelism)
        self.salt = Array(salt)
        self.key = Array(key)
    }
}
