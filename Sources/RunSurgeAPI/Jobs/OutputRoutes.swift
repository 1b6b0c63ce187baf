import Hummingbird
import RunSurgeCore

/// What jobs write: their logs and files.
struct OutputRoutes: Sendable {
    let jobs: any JobStore
    let blobs: BlobResponse
    let followInterval: Duration

    private static let stream = Parameter.logStream("stream", "Which of the script's two streams.")
    private static let offset = Parameter.integer("offset", in: 0 ... .max, default: 0, "Bytes to leave out.")
    private static let isFollowing = Parameter.flag("follow", "Goes on until the job has ended.")
    private static let path = Parameter.text(
        "path", in: .rest, .plain(1...Limits.pathBytes), "Relative to the job's working directory.")

    var endpoints: [Endpoint] {
        let access = JobAccess(jobs: jobs)
        return [
            Endpoint(
                .get, "/api/job/{id}/logs", id: "jobLogs", .jobs, "Streams what the script writes to a stream.",
                parameters: [
                    JobAccess.id.description, Self.stream.description, Self.offset.description,
                    Self.isFollowing.description,
                ], answers: Answer.file("What is there, or what comes.", mediaTypes: ["text/plain"]),
                refusals: Refusal.job + [.unknownBlob], access.user(logs)),
            Endpoint(
                .get, "/api/job/{id}/outputs", id: "jobOutputs", .jobs, "Lists what a job left behind.",
                parameters: [JobAccess.id.description],
                answers: [.json(OutputListView.self, "Files, exit status and streams.")],
                refusals: Refusal.job + Refusal.outcome, access.user(outputs)),
            Endpoint(
                .get, "/api/job/{id}/outputs/{path}", id: "jobOutput", .jobs, "Sends a file that a job left.",
                parameters: [JobAccess.id.description, Self.path.description], answers: Answer.file("The file."),
                refusals: Refusal.job + Refusal.outcome + [
                    Refusal(.notFound, "output_not_found", "The job left no such file."),
                    Refusal(.notFound, "output_is_folder", "It is a folder; its files are listed one by one."),
                    .unknownBlob,
                ], access.user(output)),
        ]
    }

    @Sendable private func logs(_ call: Call, _ job: Job) async throws -> Response {
        let stream = call[Self.stream]
        let offset = call[Self.offset]
        if let outcome = job.outcome, job.state.isFinal {
            return try await blobs.response(
                outcome.blob(of: stream), to: call.request, offset: offset, contentType: "text/plain; charset=utf-8")
        }
        let reader = LogReader(jobs: jobs, blobs: blobs.blobs, job: job, stream: stream, interval: followInterval)
        return reader.response(to: call.request, from: offset, isFollowing: call[Self.isFollowing])
    }

    @Sendable private func outputs(_ call: Call, _ job: Job) async throws -> Response {
        let outcome = try job.requireOutcome()
        let folder = job.specification.workingDirectory
        return try JSONBody.response(
            OutputListView(
                jobID: job.id, exitStatus: outcome.exitStatus,
                outputs: outcome.outputs.map { OutputView(path: JobPath.relative($0.path, to: folder), file: $0) },
                deleted: outcome.deleted.map { JobPath.relative($0, to: folder) },
                standardOutput: outcome.standardOutput, standardError: outcome.standardError))
    }

    @Sendable private func output(_ call: Call, _ job: Job) async throws -> Response {
        let outcome = try job.requireOutcome()
        let path = call[Self.path]
        let folder = job.specification.workingDirectory
        guard let file = outcome.outputs.first(where: { JobPath.relative($0.path, to: folder) == path }) else {
            throw APIError(.notFound, "output_not_found", "The job left no file \(path); see its list of outputs.")
        }
        guard !file.isDirectory else {
            throw APIError(.notFound, "output_is_folder", "\(path) is a folder; its files are listed one by one.")
        }
        return try await blobs.response(file.blob, to: call.request, fileName: JobPath.lastComponent(path))
    }
}

extension JobOutcome {
    func blob(of stream: LogStream) -> BlobReference {
        switch stream {
        case .standardOutput: standardOutput
        case .standardError: standardError
        }
    }
}
