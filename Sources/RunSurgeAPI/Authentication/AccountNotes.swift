import RunSurgeCore

extension RegistrationRequest: NotedFields {
    /// Not: the rest of ASCII, spaces, controls, symbols, and what hides or turns the text around it. Written without
    /// properties of Unicode, which patterns of Python don't know.
    private static let nameScalars =
        #"[^\u0000-\u002a\u002c\u002f\u003a-\u0040\u005b-\u005e\u0060\u007b-\u00bf"#
        + #"\u200b-\u2bff\u3000-\u303f\ue000-\uf8ff\ufe00-\uffff\s]"#

    static let fieldNotes: [String: FieldNote] = [
        // No @: a login's name is either a user name or an e-mail address, never in doubt.
        "username": .rule(.text(1...64, pattern: nameScalars + "+"), "Letters, digits, and the characters . _ - +."),
        "email": .rule(
            .text(3...LoginRequest.longestName, pattern: #"[^@\s\u0000-\u0020\u007f]+@[^@\s\u0000-\u0020\u007f]+"#)),
        "password": .rule(.text(8...LoginRequest.longestPassword)),
    ]
}

extension LoginRequest: NotedFields {
    static let longestName = 254
    static let longestPassword = 1_024

    static let fieldNotes: [String: FieldNote] = [
        "username_or_email": .rule(.plain(0...longestName)), "password": .rule(.text(0...longestPassword)),
    ]
}

extension RefreshRequest: NotedFields {
    static let fieldNotes: [String: FieldNote] = [
        "refresh_token": .rule(.plain(0...1_024), "Of the last login or refresh; else the cookie's is used.")
    ]
}

extension IdentityView: NotedFields {
    static let fieldNotes: [String: FieldNote] = [
        "status": .rule(.choice(["authenticated", "unauthenticated"]))
    ]
}

extension SessionView: NotedFields {
    static let fieldNotes: [String: FieldNote] = ["token_type": .rule(.choice(["bearer"]))]
}

extension TokensView: NotedFields {
    static let fieldNotes: [String: FieldNote] = ["token_type": .rule(.choice(["bearer"]))]
}
