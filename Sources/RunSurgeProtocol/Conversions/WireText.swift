/// Texts that a peer sends for people to read.
public enum WireText {
    /// Bytes; the rest is cut off.
    public static let limit = 2_000

    /// Without NUL, which PostgreSQL holds in no text, and within the limit.
    public static func clean(_ text: String) -> String {
        guard text.utf8.count > limit || text.utf8.contains(0) else { return text }
        return String(decoding: text.utf8.lazy.filter { $0 != 0 }.prefix(limit), as: UTF8.self)
    }
}
