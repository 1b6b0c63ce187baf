import ArgumentParser

/// The end of a command line: a script and what belongs to it.
struct ScriptLine: ParsableArguments {
    @Argument(
        parsing: .captureForPassthrough,
        help: ArgumentHelp("The script and its own arguments.", valueName: "script-and-arguments"))
    private var words: [String] = []

    var script: String { words[0] }
    var arguments: [String] { Array(words.dropFirst()) }

    func validate() throws {
        guard let first = words.first else { throw ValidationError("name a script") }
        // All that the parser does not know is the script's, help among it.
        if ["-h", "--help"].contains(first) { throw CleanExit.helpRequest() }
        if first.hasPrefix("-") { throw ValidationError("unknown option \(first); options come before the script") }
    }
}
