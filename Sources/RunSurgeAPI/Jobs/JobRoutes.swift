import Hummingbird
import RunSurgeCore

/// What becomes of jobs: their state, plan, logs and outputs.
struct JobRoutes: Sendable {
    let jobs: any JobStore
    let blobs: BlobResponse
    let followInterval: Duration

    func add(to router: Router<APIRequestContext>) {
        router.get("/api/users/jobs", use: list)
        router.get("/api/job/:id", use: show)
        router.get("/api/job/:id/plan", use: plan)
        router.get("/api/job/:id/regions", use: regions)
        router.get("/api/job/:id/logs", use: logs)
        router.get("/api/job/:id/outputs", use: outputs)
        router.get("/api/job/:id/outputs/**", use: output)
        router.get("/api/job/:id/result", use: result)
        router.get("/api/job/:id/report", use: report)
        router.post("/api/job/:id/cancel", use: cancel)
        router.delete("/api/job/:id", use: cancel)
    }

    @Sendable private func list(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        let user = try context.requireUser()
        let query = QueryFields(request)
        let limit = try query.integer("limit", in: 1...Int64(Limits.pageItems)) ?? 100
        let before = try query.integer("before", in: 1...Int64.max).map { JobID($0) }
        let page = try await jobs.jobs(owner: user.id, before: before, limit: Int(limit))
        let next = page.count == Int(limit) ? page.last?.id : nil
        return try JSONBody.response(JobListView(jobs: page.map(JobView.init), nextBefore: next))
    }

    @Sendable private func show(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        try JSONBody.response(JobView(try await job(context)))
    }

    @Sendable private func plan(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        guard let plan = try await job(context).plan else {
            throw APIError(.notFound, "not_yet", "This job has no plan yet; ask again when it is scheduled.")
        }
        return JSONBody.response(bytes: plan)
    }

    @Sendable private func regions(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        let job = try await job(context)
        let regions = try await jobs.regions(of: job.id, owner: job.owner)
        return try JSONBody.response(RegionListView(jobID: job.id, regions: regions.map(RegionView.init)))
    }

    @Sendable private func logs(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        let job = try await job(context)
        let query = QueryFields(request)
        let stream = try query.logStream()
        let offset = try query.integer("offset", in: 0...Int64.max) ?? 0
        let isFollowing = try query.boolean("follow") ?? false
        if let outcome = job.outcome, job.state.isFinal {
            return try await blobs.response(
                outcome.blob(of: stream), to: request, offset: offset, contentType: Self.plainText)
        }
        let reader = LogReader(jobs: jobs, blobs: blobs.blobs, job: job, stream: stream, interval: followInterval)
        return reader.response(to: request, from: offset, isFollowing: isFollowing)
    }

    @Sendable private func outputs(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        let job = try await job(context)
        let outcome = try Self.outcome(of: job)
        let folder = job.specification.workingDirectory
        return try JSONBody.response(
            OutputListView(
                jobID: job.id, exitStatus: outcome.exitStatus,
                outputs: outcome.outputs.map { OutputView(path: JobPath.relative($0.path, to: folder), file: $0) },
                deleted: outcome.deleted.map { JobPath.relative($0, to: folder) },
                standardOutput: outcome.standardOutput, standardError: outcome.standardError))
    }

    @Sendable private func output(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        let job = try await job(context)
        let outcome = try Self.outcome(of: job)
        let path = context.parameters.getCatchAll().map { $0.removingPercentEncoding ?? String($0) }
            .joined(separator: "/")
        let folder = job.specification.workingDirectory
        guard let file = outcome.outputs.first(where: { JobPath.relative($0.path, to: folder) == path }) else {
            throw APIError(.notFound, "output_not_found", "The job left no file \(path); see its list of outputs.")
        }
        guard !file.isDirectory else {
            throw APIError(.notFound, "output_is_folder", "\(path) is a folder; its files are listed one by one.")
        }
        return try await blobs.response(file.blob, to: request, fileName: JobPath.lastComponent(path))
    }

    /// The one file that the script wrote, else its standard output.
    @Sendable private func result(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        let job = try await job(context)
        let outcome = try Self.outcome(of: job)
        let files = outcome.outputs.filter { !$0.isDirectory }
        let blob = files.count == 1 ? files[0].blob : outcome.standardOutput
        return try await blobs.response(blob, to: request, fileName: "job_\(job.id)_result.csv")
    }

    @Sendable private func report(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        JSONBody.response(bytes: try Self.outcome(of: try await job(context)).report)
    }

    @Sendable private func cancel(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        let job = try await job(context)
        let isCancelled = try await jobs.requestCancel(job.id, owner: job.owner)
        let message = isCancelled ? "The job is cancelled." : "The job had ended already."
        return try JSONBody.response(CancellationView(jobID: job.id, success: isCancelled, message: message))
    }

    /// The job that the path names, if it is the caller's.
    private func job(_ context: APIRequestContext) async throws -> Job {
        let user = try context.requireUser()
        guard let number = context.parameters.get("id").flatMap({ Int64($0) }), number > 0 else {
            throw APIError(.notFound, "job_not_found", "There is no such job.")
        }
        let id = JobID(number)
        if let job = try await jobs.job(id, owner: user.id) { return job }
        throw try await jobs.ownerOfJob(id) == nil ? APIError.unknownJob(id) : APIError.foreignJob
    }

    private static func outcome(of job: Job) throws -> JobOutcome {
        if let outcome = job.outcome { return outcome }
        switch job.state {
        case .failed: throw APIError(.notFound, "job_failed", job.failure ?? "The job failed.")
        case .cancelled: throw APIError(.notFound, "job_cancelled", "The job was cancelled.")
        case .submitted, .pendingSchedule, .running, .completed:
            throw APIError(.notFound, "not_yet", "The job has not ended yet.")
        }
    }

    private static let plainText = "text/plain; charset=utf-8"
}

extension JobOutcome {
    func blob(of stream: LogStream) -> BlobReference {
        switch stream {
        case .standardOutput: standardOutput
        case .standardError: standardError
        }
    }
}
