public import RunSurgeCore
import Synchronization

/// Accounts in memory, with the rules of the port.
public final class MemoryAccounts: AccountStore {
    private struct Token {
        let family: String
        let user: UserID
        let expires: Timestamp
        var isSpent = false
    }

    private struct State {
        var users: [UserCredentials] = []
        var tokens: [[UInt8]: Token] = [:]
        var revoked: Set<String> = []
    }

    private let state = Mutex(State())

    public init() {}

    public func createUser(username: String, email: String, passwordHash: String) async throws -> User {
        try state.withLock { state in
            let taken = state.users.map(\.user)
            if taken.contains(where: { $0.username.lowercased() == username.lowercased() }) {
                throw StoreError.conflict(field: "username")
            }
            if taken.contains(where: { $0.email.lowercased() == email.lowercased() }) {
                throw StoreError.conflict(field: "email")
            }
            let user = User(id: UserID(Int64(state.users.count + 1)), username: username, email: email)
            state.users.append(UserCredentials(user: user, passwordHash: passwordHash))
            return user
        }
    }

    public func credentials(usernameOrEmail: String) async throws -> UserCredentials? {
        state.withLock { $0.users.first { [$0.user.username, $0.user.email].contains(usernameOrEmail) } }
    }

    public func user(_ id: UserID) async throws -> User? {
        state.withLock { $0.users.first { $0.user.id == id }?.user }
    }

    public func addRefreshToken(
        hash: [UInt8], family: String, user: UserID, expires: Timestamp, client: ClientDescription
    ) async throws {
        state.withLock { $0.tokens[hash] = Token(family: family, user: user, expires: expires) }
    }

    public func rotateRefreshToken(
        hash: [UInt8], successor: [UInt8], expires: Timestamp, client: ClientDescription
    ) async throws -> UserID? {
        state.withLock { state in
            guard let token = state.tokens[hash], !state.revoked.contains(token.family) else { return nil }
            guard !token.isSpent else {
                state.revoked.insert(token.family)
                return nil
            }
            state.tokens[hash]?.isSpent = true
            state.tokens[successor] = Token(family: token.family, user: token.user, expires: expires)
            return token.user
        }
    }

    public func revokeRefreshFamily(containing hash: [UInt8]) async throws {
        state.withLock { state in
            if let token = state.tokens[hash] { _ = state.revoked.insert(token.family) }
        }
    }
}
