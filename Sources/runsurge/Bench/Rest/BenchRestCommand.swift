import ArgumentParser
import Foundation
import PostgreSQL
import RunSurgeClient
import RunSurgeCore

struct BenchRestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rest",
        abstract: "Loads the REST facade: job views beside a bare route, submissions, and one large upload.",
        discussion: "Needs wrk and curl.")

    @OptionGroup var bench: BenchOptions
    @Option(help: "Connections at a time, 2 to 1000.") var connections = 32
    @Option(help: "Seconds of each measurement, 1 to 60.") var seconds = 5
    @Option(help: "Runs of each measurement.") var runs = 3
    @Option(help: "MiB of the upload, 1 to 4096.") var uploadMiB = 2_048

    func validate() throws {
        guard (2...1_000).contains(connections), (1...60).contains(seconds), runs >= 1, (1...4_096).contains(uploadMiB)
        else {
            throw ValidationError(
                "--connections must be from 2 to 1000, --seconds from 1 to 60, --upload-mi-b from 1 to 4096, --runs at "
                    + "least 1")
        }
    }

    func run() async throws {
        let command = self
        let report = try await BenchCluster.with(slots: 0, python: bench.python) { cluster in
            guard let access = cluster.master.access, let token = access.operatorToken else {
                throw CommandError.failure("the cluster has no facade")
            }
            var report = command.bench.report(
                "rest", "\(command.connections) connections, \(command.seconds) s each, \(command.runs) runs")
            report.figures = try await command.views(access.url, token)
            report.figures += try await command.submissions(access.url, token, cluster.connection)
            report.figures += try await UploadMeasurement(
                url: access.url, token: token, folder: cluster.folder, bytes: command.uploadMiB << 20
            ).run()
            report.limits = try await command.bench.limits(cluster)
            return report
        }
        try report.show(json: bench.json)
    }

    // MARK: Views

    private func views(_ url: String, _ token: String) async throws -> [BenchFigure] {
        let client = RunSurgeClient(url: url, token: token)
        let script = Submission.File(
            path: "/job/seen.py", content: .bytes(Array("print(1)\n".utf8)), mode: 0o644, modifiedNanoseconds: 0)
        let job = try await client.submit(Submission(script: script, workingDirectory: "/job")).jobID
        var (bare, seen): ([WrkRun], [WrkRun]) = ([], [])
        for _ in 0..<runs {
            bare.append(
                try await BareRoute.with { url in
                    try await WrkRun.of(url, token: nil, connections: connections, seconds: seconds)
                })
            seen.append(
                try await WrkRun.of("\(url)/api/job/\(job)", token: token, connections: connections, seconds: seconds))
        }
        let ratios = zip(seen, bare).map { $0.perSecond / $1.perSecond }
        return figures("GET /api/job/{id}", seen) + figures("a bare route", bare) + [
            BenchFigure("GET /api/job/{id} to the bare route", Sample(ratios).median, "ratio")
        ]
    }

    private func figures(_ name: String, _ runs: [WrkRun]) -> [BenchFigure] {
        [
            BenchFigure("\(name), median", Sample(runs.map(\.perSecond)).median, "1/s"),
            BenchFigure("\(name), p99", Sample(runs.map(\.p99Milliseconds)).median, "ms"),
        ]
    }

    // MARK: Submissions

    /// Each counts when it is a row of the database.
    private func submissions(
        _ url: String, _ token: String, _ database: ConnectionConfiguration
    ) async throws -> [BenchFigure] {
        let connection = try await Connection.connect(database)
        func stored() async throws -> Int {
            try await connection.query("SELECT count(*) AS jobs FROM job", []).first.map { try $0.int("jobs") } ?? 0
        }
        var submitted: [WrkRun] = []
        do {
            for _ in 0..<runs {
                let before = try await stored()
                let run = try await WrkRun.of(
                    "\(url)/api/job/submit", token: token, connections: connections, seconds: seconds,
                    script: Self.submission)
                let added = try await stored() - before
                // Beyond what was answered there is what was on its way when the time was over.
                guard added >= run.requests else {
                    throw CommandError.failure("\(run.requests) submissions were answered, and \(added) are stored")
                }
                submitted.append(run)
            }
            // Nobody runs them, and the next benchmark on this folder would find them waiting.
            try await connection.script(
                "UPDATE job SET state = 'cancelled', finished_at = clock_timestamp() WHERE finished_at IS NULL")
            await connection.close()
        } catch {
            await connection.close()
            throw error
        }
        return figures("POST /api/job/submit, all durable", submitted)
    }

    private static let submission = #"""
        wrk.method = "POST"
        wrk.headers["Content-Type"] = "multipart/form-data; boundary=runsurge"
        wrk.body = "--runsurge\r\nContent-Disposition: form-data; name=\"script\"; filename=\"tiny.py\"\r\n\r\n" ..
            "print(1)\n\r\n--runsurge--\r\n"
        """#
}
