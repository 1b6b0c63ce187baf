import RunSurgeCore

/// The tokens a client speaks with, renewed once when the access token has expired, however many calls notice it.
actor Credentials {
    private(set) var accessToken: String?
    private var refreshToken: String?
    private var renewal: Task<String?, any Error>?
    private let onChange: @Sendable (TokensView) async -> Void

    init(
        accessToken: String?, refreshToken: String?, onChange: @escaping @Sendable (TokensView) async -> Void
    ) {
        self.accessToken = accessToken
        self.refreshToken = refreshToken
        self.onChange = onChange
    }

    func set(accessToken: String?, refreshToken: String?) {
        self.accessToken = accessToken
        self.refreshToken = refreshToken
    }

    /// - Parameter rejected: the access token that the master did not accept.
    /// - Returns: a newer one; nil when there is none to be had.
    func renewed(after rejected: String?, using exchange: @escaping Exchange) async throws -> String? {
        if accessToken != rejected { return accessToken }
        if let renewal { return try await renewal.value }
        guard let refreshToken else { return nil }
        let renewal = Task { try await renew(refreshToken, using: exchange) }
        self.renewal = renewal
        defer { self.renewal = nil }
        return try await renewal.value
    }

    typealias Exchange = @Sendable (_ refreshToken: String) async throws -> TokensView

    private func renew(_ token: String, using exchange: Exchange) async throws -> String? {
        do {
            let tokens = try await exchange(token)
            set(accessToken: tokens.accessToken, refreshToken: tokens.refreshToken)
            await onChange(tokens)
            return tokens.accessToken
        } catch let error as ClientError where error.status == 401 {
            refreshToken = nil
            return nil
        }
    }
}
