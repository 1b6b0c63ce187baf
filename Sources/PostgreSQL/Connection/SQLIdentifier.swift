/// Names in SQL text.
public enum SQLIdentifier {
    /// `a"b` becomes `"a""b"`. A NUL, which no name can hold, is dropped.
    public static func quoted(_ name: String) -> String {
        "\"" + String(name.filter { $0 != "\0" }.flatMap { $0 == "\"" ? ["\"", "\""] : [$0] }) + "\""
    }
}
