/// What the harness is told: which loops to outline, and how to put their effects back.
public struct Plan: Sendable, Codable, Equatable {
    public var version = 1
    public var wholeScriptReason: String?
    public var regions: [Region]
    public var verdicts: [Verdict]
    /// The script may change, rename or delete files that exist.
    public var mayWriteInputs: Bool
    public var inputPaths: [String]
    public var writtenPaths: [String]
    /// Constant strings of the program that might name files: those that do exist are inputs too.
    public var mentionedPaths: [String]
    /// Patterns, as of Python's `glob`, of folders that the script lists.
    public var inputPatterns: [String]
    /// The script may write to paths that are not in `writtenPaths`.
    public var writesUnknownPaths: Bool
    public var environmentVariables: [String]
    /// The program may read its standard input. Conservative: true whenever it can't be ruled out.
    public var readsStandardInput: Bool
    public var imports: [String]
    /// Top-level modules among these that are neither the program's own nor of the standard library.
    public var foreignModules: [String]

    /// A plan without regions.
    public init(wholeScriptReason: String? = nil) {
        self.wholeScriptReason = wholeScriptReason
        regions = []
        verdicts = []
        mayWriteInputs = false
        inputPaths = []
        writtenPaths = []
        mentionedPaths = []
        inputPatterns = []
        writesUnknownPaths = false
        environmentVariables = []
        readsStandardInput = true
        imports = []
        foreignModules = []
    }

    enum CodingKeys: String, CodingKey {
        case version, regions, verdicts, imports
        case wholeScriptReason = "whole_script_reason"
        case mayWriteInputs = "may_write_inputs"
        case inputPaths = "input_paths"
        case writtenPaths = "written_paths"
        case mentionedPaths = "mentioned_paths"
        case inputPatterns = "input_patterns"
        case writesUnknownPaths = "writes_unknown_paths"
        case environmentVariables = "environment_variables"
        case readsStandardInput = "reads_standard_input"
        case foreignModules = "foreign_modules"
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(version, forKey: .version)
        try container.encode(wholeScriptReason, forKey: .wholeScriptReason)
        try container.encode(regions, forKey: .regions)
        try container.encode(verdicts, forKey: .verdicts)
        try container.encode(mayWriteInputs, forKey: .mayWriteInputs)
        try container.encode(inputPaths, forKey: .inputPaths)
        try container.encode(writtenPaths, forKey: .writtenPaths)
        try container.encode(mentionedPaths, forKey: .mentionedPaths)
        try container.encode(inputPatterns, forKey: .inputPatterns)
        try container.encode(writesUnknownPaths, forKey: .writesUnknownPaths)
        try container.encode(environmentVariables, forKey: .environmentVariables)
        try container.encode(readsStandardInput, forKey: .readsStandardInput)
        try container.encode(imports, forKey: .imports)
        try container.encode(foreignModules, forKey: .foreignModules)
    }
}
