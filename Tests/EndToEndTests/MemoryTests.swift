import Foundation
import Testing

/// Scripts whose records want very different amounts of memory, on workers that have little of it.
@Suite(.serialized) struct MemoryTests {
    private static let script = """
        total = 0
        kept = []
        with open("in.txt") as f:
            for line in f:
                size = int(line)
                block = [size] * size
                total += len(block)
                kept.append(size % 7)
        print(total, kept)
        """
    /// Records whose lists take this many MB at 8 bytes an element; all others take next to nothing.
    private static func lines(_ large: [Int: Int], count: Int = 120) -> String {
        (0..<count).map { "\(large[$0].map { $0 * 125_000 } ?? $0)\n" }.joined()
    }

    private struct Outcome {
        let result: ChildProcess.Result
        let expected: Data
        let report: URL
    }

    private func run(_ lines: String, on cluster: Cluster) async throws -> Outcome {
        let place = Cluster.temporaryFolder("memory")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: place) }
        try Self.script.write(to: place.appending(path: "s.py"), atomically: true, encoding: .utf8)
        try lines.write(to: place.appending(path: "in.txt"), atomically: true, encoding: .utf8)
        let plain = try await ChildProcess("/usr/bin/env", ["python3", "s.py"], folder: place, logs: cluster.logs)
            .finish()
        let report = cluster.folder.appending(path: "report-\(UUID().uuidString).json")
        let result = try await cluster.runsurge(
            ["run", "--report", report.path, "--min-split-seconds", "0", "--chunk-records", "40", "s.py"], in: place
        ).finish()
        return Outcome(result: result, expected: plain.output, report: report)
    }

    @Test func aFewHugeRecordsChangeNothing() async throws {
        let cluster = try await Cluster(workers: 4, arguments: ["--worker-memory", "128M", "--stop-with-parent"])
        // Two records in a row whose lists fit one at a time, and one that no slot's share holds.
        let outcome = try await run(Self.lines([30: 65, 31: 65, 32: 65, 70: 300, 110: 70, 111: 70]), on: cluster)
        #expect(outcome.result.status == 0, "\(String(decoding: outcome.result.error, as: UTF8.self))")
        #expect(outcome.result.output == outcome.expected)
        let report = try MemoryReport(contentsOf: outcome.report)
        #expect(report.attempts.out_of_memory >= 1)
        #expect(report.most_parts > 1)
        #expect(report.regions.first?.parallel == true)
        try await cluster.stop()
    }

    @Test func aRecordThatFitsNowhereFailsTheJobByName() async throws {
        let cluster = try await Cluster(workers: 2, arguments: ["--worker-memory", "128M", "--stop-with-parent"])
        let outcome = try await run(Self.lines([70: 600]), on: cluster)
        let text = String(decoding: outcome.result.error, as: UTF8.self)
        #expect(outcome.result.status != 0)
        // The lines before it: ten of 2 bytes, sixty of 3.
        #expect(text.contains("bytes 200 to 209"), "\(text)")
        #expect(text.contains("\(256 << 20) bytes"), "\(text)")
        try await cluster.stop()
    }
}

/// What of the report is about memory.
private struct MemoryReport: Decodable {
    struct Attempts: Decodable {
        let out_of_memory: Int
    }

    struct Region: Decodable {
        let parallel: Bool
    }

    let attempts: Attempts
    let most_parts: Int
    let regions: [Region]

    init(contentsOf file: URL) throws {
        self = try JSONDecoder().decode(MemoryReport.self, from: Data(contentsOf: file))
    }
}
