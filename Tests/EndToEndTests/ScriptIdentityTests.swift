import Foundation
import Testing

/// Every script of the corpus gives what plain `python3` gives, at any slice length.
@Suite(.serialized) struct ScriptIdentityTests {
    /// One cluster serves the whole suite; it ends with the test process, because it watches its parent.
    private static let cluster = Task { try await Cluster(workers: 2, arguments: ["--stop-with-parent"]) }

    @Test(arguments: ScriptCase.all, [1, 2, 7, nil] as [Int?])
    func isIdenticalToPython(script: ScriptCase, chunkRecords: Int?) async throws {
        let cluster = try await Self.cluster.value
        let place = Cluster.temporaryFolder("case")
        let logs = cluster.folder.appending(path: "logs")
        defer { try? FileManager.default.removeItem(at: place) }
        let arguments = ["script.py"] + script.argumentsOrNone
        let input = script.standardInputName.map { place.appending(path: $0) }

        let time = Date(timeIntervalSince1970: Date().timeIntervalSince1970.rounded(.down))
        try await script.prepare(at: place, time: time, logs: logs)
        let plain = try await ChildProcess(
            "/usr/bin/env", ["python3"] + arguments, folder: place, environment: ["PYTHONHASHSEED": "0"],
            input: input, logs: logs
        ).finish()
        let expected = try Observation(plain, folder: place)

        try await script.prepare(at: place, time: time, logs: logs)
        let report = cluster.folder.appending(path: "report-\(UUID().uuidString).json")
        var options = ["run", "--report", report.path]
        if let chunkRecords { options += ["--min-split-seconds", "0", "--chunk-records", "\(chunkRecords)"] }
        let run = try await cluster.runsurge(options + arguments, in: place, input: input).finish()
        let found = try Observation(run, folder: place)

        let difference = found.firstDifference(from: expected)
        let again =
            "to repeat: in a copy of Tests/EndToEndTests/Scripts/\(script.name), after `python3 make.py`: "
            + "runsurge \((options + arguments).joined(separator: " "))"
        #expect(difference == nil, "\(again)")

        guard chunkRecords != nil, difference == nil else { return }
        let regions = try Report(contentsOf: report).regions
        for line in try script.splitLines {
            let region = regions.first { $0.line == line }
            #expect(region?.parallel == true, "line \(line) did not split: \(region?.reason ?? "no region"); \(again)")
        }
    }
}

/// The parts of the run report that the tests look at.
struct Report: Decodable {
    struct Region: Decodable {
        let line: Int
        let parallel: Bool
        let reason: String?
        let chunks: Int
    }

    struct Attempts: Decodable {
        let total: Int
        let lost: Int
        let stale: Int
    }

    let exit_status: Int
    let chunks: Int
    let regions: [Region]
    let attempts: Attempts

    init(contentsOf file: URL) throws {
        self = try JSONDecoder().decode(Report.self, from: Data(contentsOf: file))
    }
}
