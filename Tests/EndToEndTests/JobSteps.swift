import Foundation
import Testing

/// What a test does with a job, wherever its master is.
protocol JobSteps: Sendable {
    var folder: URL { get }
    func runsurge(_ arguments: [String], in folder: URL, input: URL?) throws -> ChildProcess
}

extension Cluster: JobSteps {}

extension JobSteps {
    /// Returns the number of the job, which is split into chunks of 100 records.
    func submit(_ workload: Workload, chunkRecords: Int = 100) async throws -> Int {
        let submitted = try await runsurge(
            ["submit", "--json", "--min-split-seconds", "0", "--chunk-records", "\(chunkRecords)", "s.py"],
            in: workload.folder, input: nil
        ).finish()
        try #require(submitted.status == 0, "\(String(decoding: submitted.error, as: UTF8.self))")
        return try JSONDecoder().decode(Cluster.JobFacts.self, from: submitted.output).job_id
    }

    func facts(of job: Int) async throws -> Cluster.JobFacts {
        let result = try await runsurge(["job", "\(job)", "--json"], in: folder, input: nil).finish()
        guard result.status == 0 else { throw ClusterError.refused(String(decoding: result.error, as: UTF8.self)) }
        return try JSONDecoder().decode(Cluster.JobFacts.self, from: result.output)
    }

    func listedNodes() async throws -> [Cluster.NodeFacts] {
        let result = try await runsurge(["nodes", "--json"], in: folder, input: nil).finish()
        guard result.status == 0 else { throw ClusterError.refused(String(decoding: result.error, as: UTF8.self)) }
        return try JSONDecoder().decode([Cluster.NodeFacts].self, from: result.output)
    }

    func chunks(of job: Int, reach count: Int, within limit: Duration = .seconds(60)) async throws {
        try await eventually("\(count) chunks to be done", within: limit) {
            let facts = try await facts(of: job)
            try #require(facts.status != "completed", "the job ended before the fault: make it longer")
            return facts.completedChunks >= count
        }
    }

    @discardableResult
    func expectIdentical(
        _ job: Int, _ workload: Workload, within limit: Duration = .seconds(180)
    ) async throws -> Report {
        try await eventually("the job to end", within: limit) {
            let status = try await facts(of: job).status
            try #require(status != "failed" && status != "cancelled", "job \(status)")
            return status == "completed"
        }
        let report = folder.appending(path: "report-\(UUID().uuidString).json")
        let result = try await runsurge(
            ["result", "\(job)", "--output", workload.folder.path, "--report", report.path], in: workload.folder,
            input: nil
        ).finish()
        let found = try Observation(result, folder: workload.folder)
        #expect(found.firstDifference(from: workload.expected) == nil)
        try FileManager.default.removeItem(at: workload.folder)
        return try Report(contentsOf: report)
    }
}
