import RunSurgeCore

/// On whose behalf a request comes.
enum Identity: Sendable, Equatable {
    case user(User)
    /// A user's script, by its API token: it may do what its user may, but make no tokens and change no sessions.
    case script(User)
    /// The cluster's own workers; blobs only.
    case worker

    /// nil: it is no user's.
    var user: User? {
        switch self {
        case .user(let user), .script(let user): user
        case .worker: nil
        }
    }
}

extension APIRequestContext {
    /// - Throws: 401 without a login, 403 for a worker.
    func requireUser() throws(APIError) -> User {
        guard let identity else { throw .unauthenticated }
        guard let user = identity.user else {
            throw APIError(.forbidden, "forbidden", "A worker's token is good for blobs only.")
        }
        return user
    }

    /// - Throws: as `requireUser`, and 403 for a script.
    func requireLogin() throws(APIError) -> User {
        let user = try requireUser()
        if case .script = identity {
            throw APIError(.forbidden, "login_needed", "An API token may not do this; log in.")
        }
        return user
    }
}
