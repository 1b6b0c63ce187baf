/// One parsed file of a program: the script itself or a module of its own beside it.
public struct SyntaxFile: Sendable {
    public let path: String
    /// `nil` for the script.
    public let module: String?
    public let error: ExportError?
    public let body: [Statement]
    /// What node numbers of this file are offset by.
    public let base: NodeID
}

/// Why CPython gave no tree; enough to print its own message.
public struct ExportError: Error, Sendable, Hashable, Codable, CustomStringConvertible {
    public let type: String
    public let message: String
    public let line: Int?
    public let offset: Int?
    public let endLine: Int?
    public let endOffset: Int?
    public let text: String?

    public var description: String {
        line.map { "\(type): \(message) (line \($0))" } ?? "\(type): \(message)"
    }
}

/// All files of a program as exported by `export.py`; the script comes first.
public struct SyntaxExport: Sendable {
    public let python: String
    public let files: [SyntaxFile]
}
