import RunSurgeCore

/// What a new account's fields must look like.
enum RegistrationRules {
    static let usernameBytes = 1...64
    static let emailBytes = 254
    static let passwordBytes = 8...1_024

    /// - Throws: 422 naming the first field that does not fit.
    static func check(_ form: RegistrationRequest) throws {
        guard usernameBytes.contains(form.username.utf8.count), form.username.unicodeScalars.allSatisfy(isNameScalar)
        else {
            throw APIError.invalid(
                "username", "A user name has 1 to 64 bytes: letters, digits, and the characters . _ - +.")
        }
        guard form.email.utf8.count <= emailBytes, isEmail(form.email) else {
            throw APIError.invalid("email", "This is not an e-mail address.")
        }
        guard passwordBytes.contains(form.password.utf8.count) else {
            throw APIError.invalid("password", "A password has 8 to 1024 bytes.")
        }
    }

    /// No @: a login's name is either a user name or an e-mail address, never in doubt.
    private static func isNameScalar(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isAlphabetic || scalar.properties.numericType != nil || "._-+".unicodeScalars.contains(scalar)
    }

    private static func isEmail(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        let isPrintable = text.unicodeScalars.allSatisfy {
            !$0.properties.isWhitespace && $0.value > 32 && $0.value != 127
        }
        return parts.count == 2 && parts.allSatisfy { !$0.isEmpty } && isPrintable
    }
}
