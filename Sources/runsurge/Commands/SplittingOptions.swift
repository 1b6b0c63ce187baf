import ArgumentParser

/// How a job may be split, and what it needs beyond what can be seen from its script.
struct SplittingOptions: ParsableArguments {
    @Option(help: "Force the number of records in a chunk; meant for tests.")
    var chunkRecords: Int64?

    @Option(help: "Seconds a loop's remainder must be worth before it is split; 0 splits every provable loop.")
    var minSplitSeconds: Double?

    @Flag(help: "Run every loop in place.")
    var noSplit = false

    @Option(
        help: ArgumentHelp(
            "A file or folder the script opens that can't be seen from its text; repeatable.", valueName: "path"))
    var input: [String] = []

    @Option(help: "Of your own jobs the larger number runs first, from -100 to 100.")
    var priority = 0

    func validate() throws {
        if let chunkRecords, chunkRecords < 1 { throw ValidationError("--chunk-records must be at least 1") }
        if let minSplitSeconds, !(minSplitSeconds >= 0) {
            throw ValidationError("--min-split-seconds must be 0 or more")
        }
        guard (-100...100).contains(priority) else { throw ValidationError("--priority must be from -100 to 100") }
    }

    var jobOptions: JobOptions {
        JobOptions(
            minSplitSeconds: minSplitSeconds, chunkRecords: chunkRecords, isSplittingAllowed: !noSplit,
            priority: priority)
    }
}
