import Hummingbird

/// The two HttpOnly cookies of a session.
struct SessionCookies: Sendable {
    static let accessName = "access_token"
    static let refreshName = "refresh_token"

    let isSecure: Bool
    let accessLifetime: Duration
    let refreshLifetime: Duration

    func set(access: String, refresh: String, on response: inout Response) {
        response.setCookie(cookie(Self.accessName, access, lifetime: accessLifetime))
        response.setCookie(cookie(Self.refreshName, refresh, lifetime: refreshLifetime))
    }

    func clear(on response: inout Response) {
        response.setCookie(cookie(Self.accessName, "", lifetime: .zero))
        response.setCookie(cookie(Self.refreshName, "", lifetime: .zero))
    }

    private func cookie(_ name: String, _ value: String, lifetime: Duration) -> Cookie {
        Cookie(
            name: name, value: value, maxAge: Int(lifetime.components.seconds), path: "/", secure: isSecure,
            httpOnly: true, sameSite: .lax)
    }
}
