import Hummingbird
import NIOCore
import RunSurgeCore

/// What becomes of jobs: their state, plan and report.
struct JobRoutes: Sendable {
    let jobs: any JobStore
    let pages: Pages
    /// Of jobs that are asked for again and again.
    private let encoded = LastMade<JobID, JobOverview, ByteBuffer> { _, buffer in
        buffer.readableBytes <= 16 << 10
    }

    init(jobs: any JobStore, pages: Pages) {
        self.jobs = jobs
        self.pages = pages
    }

    private static let before = Parameter.optionalInteger(
        "before", in: 1 ... .max, "`next_before` of the page before; `cursor` says the same.")

    var endpoints: [Endpoint] {
        let listing = Endpoint(
            .get, "/api/users/jobs", id: "listJobs", .jobs, "Shows a page of the caller's jobs, newest first.",
            parameters: Pages.parameters + [Self.before.description],
            answers: [.json(JobListView.self, "The jobs.", headers: Pages.headers)], .user(list))
        return [listing] + views + cancellations
    }

    private var views: [Endpoint] {
        [
            Endpoint(
                .get, "/api/job/{id}", id: "job", .jobs, "Shows a job.", parameters: [JobAccess.id.description],
                answers: [.json(JobView.self, "The job.")], refusals: Refusal.job,
                access.overview { _, job in
                    JSONBody.response(
                        buffer: try encoded.product(for: job.id, of: job) {
                            ByteBuffer(bytes: try JSONBody.encode(JobView(job)))
                        })
                }),
            Endpoint(
                .get, "/api/job/{id}/plan", id: "jobPlan", .jobs, "Shows the analyser's plan.",
                parameters: [JobAccess.id.description], answers: [Answer(.ok, "The plan.", .json(.anything))],
                refusals: Refusal.job + [Refusal(.notFound, "not_yet", "The job is not scheduled yet.")],
                access.user(plan)),
            Endpoint(
                .get, "/api/job/{id}/regions", id: "jobRegions", .jobs, "Lists the regions of a job's script.",
                parameters: [JobAccess.id.description], answers: [.json(RegionListView.self, "The regions.")],
                refusals: Refusal.job, access.overview(regions)),
            Endpoint(
                .get, "/api/job/{id}/chunks", id: "jobChunks", .jobs,
                "Shows a page of the chunks that have a result, the last first; of regions that are over they are "
                    + "kept for a while only.",
                parameters: [JobAccess.id.description] + Pages.parameters,
                answers: [.json(ChunkListView.self, "The chunks.", headers: Pages.headers)], refusals: Refusal.job,
                access.overview(chunks)),
            Endpoint(
                .get, "/api/job/{id}/report", id: "jobReport", .jobs, "Shows the run report of a job that has ended.",
                parameters: [JobAccess.id.description], answers: [Answer(.ok, "The report.", .json(.anything))],
                refusals: Refusal.job + Refusal.outcome,
                access.user { _, job in JSONBody.response(bytes: try job.requireOutcome().report) }),
        ]
    }

    private var cancellations: [Endpoint] {
        [(HTTPRequest.Method.post, "/api/job/{id}/cancel", "cancelJob"), (.delete, "/api/job/{id}", "deleteJob")]
            .map { method, path, id in
                Endpoint(
                    method, path, id: id, .jobs, "Cancels a job.", parameters: [JobAccess.id.description],
                    answers: [.json(CancellationView.self, "It is cancelled, or had ended already.")],
                    refusals: Refusal.job, access.overview(cancel))
            }
    }

    private var access: JobAccess { JobAccess(jobs: jobs) }

    @Sendable private func list(_ call: Call, _ user: User) async throws -> Response {
        let before = call[Self.before]
        return try await pages.response(to: call, list: "jobs of \(user.id)", number: \.id.rawValue) { cursor, limit in
            try await jobs.overviews(owner: user.id, before: (cursor ?? before).map { JobID($0) }, limit: limit)
        } view: { page, next in
            JobListView(jobs: page.map { JobView($0) }, nextBefore: next == nil ? nil : page.last?.id, nextCursor: next)
        }
    }

    @Sendable private func plan(_ call: Call, _ job: Job) async throws -> Response {
        guard let plan = job.plan else {
            throw APIError(.notFound, "not_yet", "This job has no plan yet; ask again when it is scheduled.")
        }
        return JSONBody.response(bytes: plan)
    }

    @Sendable private func regions(_ call: Call, _ job: JobOverview) async throws -> Response {
        let regions = try await jobs.regions(of: job.id, owner: job.owner)
        return try JSONBody.response(RegionListView(jobID: job.id, regions: regions.map(RegionView.init)))
    }

    @Sendable private func chunks(_ call: Call, _ job: JobOverview) async throws -> Response {
        try await pages.response(to: call, list: "chunks of \(job.id)", number: \.position.number) { before, limit in
            try await jobs.chunks(
                of: job.id, owner: job.owner, before: before.map { ChunkPosition(number: $0) }, limit: limit)
        } view: { page, next in
            ChunkListView(jobID: job.id, chunks: page.map { ChunkView($0) }, nextCursor: next)
        }
    }

    @Sendable private func cancel(_ call: Call, _ job: JobOverview) async throws -> Response {
        let isCancelled = try await jobs.requestCancel(job.id, owner: job.owner)
        let message = isCancelled ? "The job is cancelled." : "The job had ended already."
        return try JSONBody.response(CancellationView(jobID: job.id, success: isCancelled, message: message))
    }
}
