import Foundation

/// From a script's syntax tree to its plan. Pure: no files are read and nothing is executed.
public enum ScriptAnalyser {
    /// Decides for every loop, comprehension and reduction call of the script whether it can be split.
    ///
    /// - Parameter syntaxJSON: what `export.py` wrote, the script first, its own modules after it.
    /// - Throws: `AnalysisError` when that is not an export. A script that does not parse gives a plan
    ///   without regions, so that Python itself prints the error.
    public static func analyse(syntaxJSON: [UInt8]) throws(AnalysisError) -> Plan {
        try analysis(syntaxJSON: syntaxJSON).plan
    }

    static func analysis(syntaxJSON: [UInt8]) throws(AnalysisError) -> Analysis {
        let export: SyntaxExport
        do {
            export = try PythonSyntax.decode(Data(syntaxJSON))
        } catch {
            throw AnalysisError(message: error.message)
        }
        return Analysis(export)
    }
}
