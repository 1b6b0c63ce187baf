import RunSurgeCore

/// On whose behalf a request comes.
enum Identity: Sendable, Equatable {
    case user(User)
    /// The cluster's own workers; blobs only.
    case worker
}

extension APIRequestContext {
    /// - Throws: 401 without a login, 403 for a worker.
    func requireUser() throws -> User {
        switch identity {
        case .user(let user): return user
        case .worker: throw APIError(.forbidden, "forbidden", "A worker's token is good for blobs only.")
        case nil: throw APIError.unauthenticated
        }
    }
}
