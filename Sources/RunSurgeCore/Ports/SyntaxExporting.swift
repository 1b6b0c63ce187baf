/// Turns Python sources into their syntax tree, by the interpreter that the job will run on.
public protocol SyntaxExporting: Sendable {
    /// - Parameters:
    ///   - script: its absolute path in the job and its bytes.
    ///   - modules: the script's own modules beside it.
    /// - Returns: the tree as the JSON that the analyser reads; a script that does not parse is described in it.
    /// - Throws: when the process could not be run, ran out of its limits or time.
    func exportSyntax(script: SourceFile, modules: [SourceFile]) async throws -> [UInt8]
}

public struct SourceFile: Sendable, Equatable {
    /// Dotted module name; "__main__" for the script.
    public let module: String
    public let path: String
    public let bytes: [UInt8]

    public init(module: String, path: String, bytes: [UInt8]) {
        self.module = module
        self.path = path
        self.bytes = bytes
    }
}
