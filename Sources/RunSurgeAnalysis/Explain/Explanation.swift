import Foundation

/// All that is known of a script before it runs, for people and for programs.
public struct Explanation: Sendable, Codable, Equatable {
    public var script: String
    /// The version of the interpreter that parsed it.
    public var python: String
    public var plan: Plan
    public var graph: DependencyGraph

    /// - Parameter syntaxJSON: what `export.py` wrote, the script first.
    /// - Throws: `AnalysisError` when that is not an export.
    public init(syntaxJSON: [UInt8]) throws(AnalysisError) {
        let analysis = try ScriptAnalyser.analysis(syntaxJSON: syntaxJSON)
        script = analysis.export.files[0].path
        python = analysis.export.python
        plan = analysis.plan
        graph = analysis.graph()
    }

    /// The explanation as JSON: sorted keys, indented, with a newline at the end.
    public var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        // Nothing in it can fail to encode: there are no floats that are not numbers.
        guard let data = try? encoder.encode(self) else { return "{}\n" }
        return String(decoding: data, as: UTF8.self) + "\n"
    }

    public var dot: String { graph.dot }
    public var svg: String { graph.svg }
}
