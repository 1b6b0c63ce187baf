import ArgumentParser
import RunSurgeAnalysis

struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Shows which loops of a script would be split, how, and why the others would not.",
        usage: "runsurge explain [--json | --dot | --svg] <script> [<argument> ...]")

    @OptionGroup var python: PythonOptions

    enum Format: EnumerableFlag {
        case text, json, dot, svg

        static func help(for value: Format) -> ArgumentHelp? {
            switch value {
            case .text: "Print text; this is the default."
            case .json: "Print JSON."
            case .dot: "Print the dependency graph in Graphviz's language."
            case .svg: "Print a drawing of the dependency graph."
            }
        }
    }

    @Flag var format = Format.text

    @OptionGroup var line: ScriptLine

    func run() async throws {
        let inspection = try await ScriptInspection.inspect(
            line.script, exporter: try await python.exporter())
        let explanation = try Explanation(syntaxJSON: inspection.syntax)
        switch format {
        case .text: print(explanation.text)
        case .json: print(explanation.json, terminator: "")
        case .dot: print(explanation.dot)
        case .svg: print(explanation.svg)
        }
    }
}
