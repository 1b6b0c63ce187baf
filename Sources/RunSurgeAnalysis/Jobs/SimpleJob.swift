internal import Foundation

/// A script with one data file, as the original system runs it.
public struct SimpleJob: Sendable {
    /// Where rows are kept that nothing else shows, in the working directory.
    static let rowsFile = ".runsurge-output.csv"
    private static let rowsVariable = "output"
    private static let fileNameConstant = "FILE_NAME"

    /// What is to be run: the script, and behind it what keeps the rows in a top-level variable `output`, if it has one.
    public let script: [UInt8]
    private let constantName: String?

    /// - Parameter syntaxJSON: what `export.py` wrote of `source`.
    /// - Throws: `AnalysisError` when that is not an export.
    public init(source: [UInt8], syntaxJSON: [UInt8]) throws(AnalysisError) {
        let program: Program
        do {
            program = Program(try PythonSyntax.decode(Data(syntaxJSON)))
        } catch {
            throw AnalysisError(message: error.message)
        }
        let module = program.moduleScopes[0]
        let folder = PathFolder(program: program)
        var values: Set<String> = []
        for case .value(let value) in program.bindings[Variable(scope: module, name: Self.fileNameConstant)] ?? [] {
            values.formUnion(folder.strings(value, module))
        }
        constantName = values.count == 1 ? values.first : nil
        let hasRows = program.scopes[module].bound.contains(Self.rowsVariable)
        script = hasRows ? source + PackageResources.keep_rows_py : source
    }

    /// Where the data file goes, relative to the working directory.
    /// - Throws: `SimpleJobError` when the script names a place outside of it.
    public func dataPath(uploadName: String) throws(SimpleJobError) -> String {
        guard let constantName else {
            return uploadName.split(whereSeparator: { $0 == "/" || $0 == "\\" }).last.map(String.init) ?? "data"
        }
        var parts = constantName.split(separator: "/", omittingEmptySubsequences: false)
        parts.removeAll { $0 == "." }
        guard !parts.isEmpty, !parts.contains(""), !parts.contains(".."), !constantName.utf8.contains(0) else {
            throw SimpleJobError(fileName: constantName)
        }
        return parts.joined(separator: "/")
    }
}

/// The script wants its data file where none can be placed.
public struct SimpleJobError: Error, Equatable, CustomStringConvertible {
    public let fileName: String

    public var description: String {
        "The script's FILE_NAME is \"\(fileName)\", which is no file below the job's folder."
    }
}
