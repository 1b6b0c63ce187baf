import Hummingbird
import RunSurgeCore

/// Lets a caller at their own jobs.
struct JobAccess: Sendable {
    static let id = Parameter<JobID>.identifier("id", "The number of the job.", refusal: .noSuchJob)

    let jobs: any JobStore

    /// What serves a route about the job that the path names, once the job is known to be the caller's.
    func user(_ serve: @escaping @Sendable (Call, Job) async throws -> Response) -> EndpointHandler {
        handler(of: { try await jobs.job($0, owner: $1) }, serve)
    }

    /// As `user`, for a route that needs no more of the job than its overview.
    func overview(_ serve: @escaping @Sendable (Call, JobOverview) async throws -> Response) -> EndpointHandler {
        handler(of: { try await jobs.overview(of: $0, owner: $1) }, serve)
    }

    private func handler<Found: Sendable>(
        of find: @escaping @Sendable (JobID, UserID) async throws -> Found?,
        _ serve: @escaping @Sendable (Call, Found) async throws -> Response
    ) -> EndpointHandler {
        .user { call, user in
            let id = call[Self.id]
            if let found = try await find(id, user.id) { return try await serve(call, found) }
            throw try await jobs.ownerOfJob(id) == nil ? APIError.unknownJob(id) : APIError.foreignJob
        }
    }
}

extension Job {
    /// - Throws: 404 with its reason when there is none.
    func requireOutcome() throws(APIError) -> JobOutcome {
        if let outcome { return outcome }
        switch state {
        case .failed: throw APIError(.notFound, "job_failed", failure ?? "The job failed.")
        case .cancelled: throw APIError(.notFound, "job_cancelled", "The job was cancelled.")
        case .submitted, .pendingSchedule, .running, .completed:
            throw APIError(.notFound, "not_yet", "The job has not ended yet.")
        }
    }
}
