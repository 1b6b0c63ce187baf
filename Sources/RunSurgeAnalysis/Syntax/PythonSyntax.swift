public import Foundation

/// Decodes what `export.py` wrote.
public enum PythonSyntax {
    /// Node numbers of file `n` start at `n * fileStride`; a file has at most 200,000 nodes.
    public static let fileStride = 1_000_000
    public static let maximumBytes = 512 * 1024 * 1024

    /// - Throws: `SyntaxDecodingError` when the data is not an export or is beyond the bounds.
    public static func decode(_ data: Data) throws(SyntaxDecodingError) -> SyntaxExport {
        guard data.count <= maximumBytes else { throw SyntaxDecodingError(message: "export larger than 512 MiB") }
        guard let value = try? JSONSerialization.jsonObject(with: data), let root = value as? [String: Any],
            let list = root["files"] as? [[String: Any]], !list.isEmpty
        else { throw SyntaxDecodingError(message: "not a syntax export") }
        var files: [SyntaxFile] = []
        for (position, entry) in list.enumerated() {
            files.append(try file(entry, base: position * fileStride))
        }
        return SyntaxExport(python: root["python"] as? String ?? "", files: files)
    }

    private static func file(_ entry: [String: Any], base: Int) throws(SyntaxDecodingError) -> SyntaxFile {
        let path = entry["path"] as? String ?? ""
        let module = entry["module"] as? String
        if let error = entry["error"] as? [String: Any] {
            return SyntaxFile(path: path, module: module, error: exportError(error), body: [], base: base)
        }
        guard let tree = entry["tree"] as? [String: Any], let body = tree["body"] as? [[String: Any]] else {
            throw SyntaxDecodingError(message: "\(path): neither a tree nor an error")
        }
        let decoder = NodeDecoder(base: base)
        return SyntaxFile(path: path, module: module, error: nil, body: try decoder.statements(body), base: base)
    }

    private static func exportError(_ entry: [String: Any]) -> ExportError {
        ExportError(
            type: entry["type"] as? String ?? "SyntaxError", message: entry["message"] as? String ?? "",
            line: entry["line"] as? Int, offset: entry["offset"] as? Int, endLine: entry["end_line"] as? Int,
            endOffset: entry["end_offset"] as? Int, text: entry["text"] as? String)
    }
}

/// The data is not what `export.py` writes.
public struct SyntaxDecodingError: Error, Sendable, CustomStringConvertible {
    public let message: String
    public var description: String { message }
}
