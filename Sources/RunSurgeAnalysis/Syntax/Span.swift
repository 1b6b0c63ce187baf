/// Where a node stands in its file: 1-based lines, 0-based UTF-8 columns, as CPython counts them.
public struct Span: Sendable, Hashable, Codable {
    public let line: Int
    public let column: Int
    public let endLine: Int
    public let endColumn: Int

    public static let none = Span(line: 0, column: 0, endLine: 0, endColumn: 0)
}

/// A node's number: the pre-order index inside its file plus the file's base, unique in a program.
public typealias NodeID = Int
