/// API tokens of scripts, told from all other tokens by how they begin.
enum ScriptToken {
    private static let prefix = "runsurge_"

    static func make() -> String { OpaqueToken.make(prefix: prefix) }

    /// Whether it is worth to ask the store.
    static func looksLike(_ token: String) -> Bool {
        token.utf8.count == prefix.utf8.count + 43 && token.hasPrefix(prefix)
    }
}
