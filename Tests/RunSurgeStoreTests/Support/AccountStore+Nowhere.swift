import RunSurgeCore

extension AccountStore {
    /// From an unknown place.
    func addRefreshToken(hash: [UInt8], family: String, user: UserID, expires: Timestamp) async throws {
        try await addRefreshToken(
            hash: hash, family: family, user: user, expires: expires, client: ClientDescription())
    }

    /// From an unknown place.
    func rotateRefreshToken(hash: [UInt8], successor: [UInt8], expires: Timestamp) async throws -> UserID? {
        try await rotateRefreshToken(
            hash: hash, successor: successor, expires: expires, client: ClientDescription())
    }
}
