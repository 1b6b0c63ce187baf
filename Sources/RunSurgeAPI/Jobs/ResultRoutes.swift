import Hummingbird
import RunSurgeCore

/// What a job has left, as one file.
struct ResultRoutes: Sendable {
    let jobs: any JobStore
    let blobs: BlobResponse
    let packing: any ResultPacking

    var endpoints: [Endpoint] {
        let access = JobAccess(jobs: jobs)
        return [
            Endpoint(
                .get, "/api/job/{id}/result", id: "jobResult", .jobs,
                "Sends the file that a script wrote, several as a zip, else its standard output or its rows as CSV.",
                parameters: [JobAccess.id.description], answers: Answer.file("The result, as a download."),
                refusals: Refusal.job + Refusal.outcome + [
                    Refusal(.notFound, "no_result", "The script has left nothing."), .unknownBlob, .storageFull,
                ], access.user(result)),
            Endpoint(
                .get, "/api/job/{id}/outputs.zip", id: "jobArchive", .jobs, "Sends all that a job left, as a zip.",
                parameters: [JobAccess.id.description],
                answers: Answer.file("The zip, as a download.", mediaTypes: ["application/zip"]),
                refusals: Refusal.job + Refusal.outcome + [.unknownBlob, .storageFull], access.user(archive)),
        ]
    }

    @Sendable private func result(_ call: Call, _ job: Job) async throws -> Response {
        let outcome = try job.requireOutcome()
        let folder = job.specification.workingDirectory
        guard let blob = try await packing.result(of: outcome, workingDirectory: folder) else {
            throw APIError(
                .notFound, "no_result", "The script has left no file, no output and no rows; see its logs.")
        }
        // Whatever it is: the original's client knows it by this name.
        return try await blobs.response(blob, to: call.request, fileName: "job_\(job.id)_result.csv")
    }

    @Sendable private func archive(_ call: Call, _ job: Job) async throws -> Response {
        let outcome = try job.requireOutcome()
        let blob = try await packing.archive(of: outcome, workingDirectory: job.specification.workingDirectory)
        return try await blobs.response(
            blob, to: call.request, contentType: "application/zip", fileName: "job_\(job.id)_outputs.zip")
    }
}
