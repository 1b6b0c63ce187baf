import ArgumentParser
import Foundation
import RunSurgeCore

struct JobsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "jobs", abstract: "Lists your jobs, newest first.")

    @OptionGroup var connection: ConnectionOptions
    @Option(help: "How many, 1 to 1000.") var limit = 50
    @Option(help: "Only jobs older than this one.") var before: Int64?
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
        guard (1...Limits.pageItems).contains(limit) else { throw ValidationError("--limit must be from 1 to 1000") }
    }

    func run() async throws {
        let page = try await connection.client().jobs(before: before.map { JobID($0) }, limit: limit)
        if json { return try JSONOutput.print(page.jobs) }
        var table = TextTable("JOB", "STATUS", "EXIT", "CREATED", "NAME")
        for job in page.jobs {
            table.add(
                "\(job.jobID)", job.status.rawValue, job.exitStatus.map { "\($0)" } ?? "", job.createdAt, job.jobName)
        }
        print(table.text)
    }
}

struct JobCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "job", abstract: "Shows one job and its regions.")

    @OptionGroup var connection: ConnectionOptions
    @Flag(help: "Print JSON.") var json = false
    @Argument(help: "Its number.") var id: Int64

    private struct Details: Encodable {
        let job: JobView
        let regions: [RegionView]

        func encode(to encoder: any Encoder) throws {
            try job.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(regions, forKey: .regions)
        }

        private enum CodingKeys: String, CodingKey { case regions }
    }

    func run() async throws {
        let client = try await connection.client()
        let job = try await client.job(JobID(id))
        let regions = try await client.regions(JobID(id))
        if json { return try JSONOutput.print(Details(job: job, regions: regions)) }
        print("job \(job.jobID) (\(job.jobName)): \(job.status.rawValue)")
        print("  created \(job.createdAt), started \(job.startedAt ?? "-"), finished \(job.finishedAt ?? "-")")
        if let status = job.exitStatus { print("  exit status \(status)") }
        if let failure = job.failure { print("  \(failure)") }
        guard !regions.isEmpty else { return }
        var table = TextTable("LINE", "ENTRY", "CHUNKS", "DONE", "RECORDS", "PREDICTED PEAK", "MEASURED PEAK")
        for region in regions {
            table.add(
                "\(region.line)", "\(region.entry)", "\(region.chunks)", "\(region.completed)", "\(region.records)",
                "\(MemorySize(bytes: region.predictedPeakBytes))", "\(MemorySize(bytes: region.measuredPeakBytes))")
        }
        print(table.text)
    }
}

struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Prints what a job has written to its standard output and error.")

    @OptionGroup var connection: ConnectionOptions
    @Flag(name: [.customShort("f"), .long], help: "Go on until the job ends.") var follow = false
    @Argument(help: "The job's number.") var id: Int64

    func run() async throws {
        let client = try await connection.client()
        let (job, follow) = (JobID(id), follow)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for stream in LogStream.allCases {
                group.addTask {
                    for try await piece in client.logs(job, stream: stream, follow: follow) { try stream.write(piece) }
                }
            }
            try await group.waitForAll()
        }
    }
}

struct ResultCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "result",
        abstract: "Waits for a job, and gives its output, files and exit status as if it had run here.")

    @OptionGroup var connection: ConnectionOptions
    @Option(name: [.customShort("o"), .long], help: "Folder for the files it created or changed (default: this one).")
    var output: String?
    @Option(help: "A file to write the run report to, JSON.") var report: String?
    @Argument(help: "The job's number.") var id: Int64

    func run() async throws {
        let gateway = RemoteGateway(client: try await connection.client())
        let job = JobID(id)
        let result = try await JobFollower(gateway: gateway, job: job).follow()
        let destination = Path.absolute(output ?? Path.workingDirectory)
        try await OutputWriter(gateway: gateway, job: job, destination: destination).write(result)
        if let report { try RunReport.write(result.report, wall: nil, to: report) }
        if result.exitStatus != 0 { throw ScriptStatus(value: result.exitStatus) }
    }
}

struct CancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "cancel", abstract: "Cancels a job.")

    @OptionGroup var connection: ConnectionOptions
    @Argument(help: "The job's number.") var id: Int64

    func run() async throws {
        let answer = try await connection.client().cancel(JobID(id))
        guard answer.success else { throw CommandError.refused(answer.message) }
        print(answer.message)
    }
}
