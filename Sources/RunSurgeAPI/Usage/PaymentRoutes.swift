import Hummingbird
import RunSurgeCore

/// What jobs and groups cost, and the payment for them.
struct PaymentRoutes: Sendable {
    let jobs: any JobStore
    let groups: any GroupStore
    let usage: any UsageStore
    let pages: Pages
    let answers: IdempotentAnswers

    private static let paidWithGroup = Refusal(
        .notFound, "paid_with_group", "The job belongs to a group, which is paid as a whole.")
    private static let settlement = [
        Refusal(.badRequest, "not_due", "It has not ended yet."),
        Refusal(.badRequest, "already_paid", "It was paid before."), IdempotentAnswers.refusal,
    ]

    var endpoints: [Endpoint] {
        let access = JobAccess(jobs: jobs)
        return [
            Endpoint(
                .get, "/api/job/{id}/payment", id: "jobPayment", .usage,
                "Shows what a job costs so far, with a page of what was done for it, newest first.",
                parameters: [JobAccess.id.description] + Pages.parameters,
                answers: [.json(PaymentView.self, "The bill.", headers: Pages.headers)],
                refusals: Refusal.job + [Self.paidWithGroup], access.overview(show)),
            Endpoint(
                .post, "/api/job/{id}/payment", id: "payJob", .usage, "Pays for a job that has ended, once.",
                parameters: [JobAccess.id.description, IdempotentAnswers.parameter],
                answers: [.json(PaymentView.self, "The bill, paid.")],
                refusals: Refusal.job + [Self.paidWithGroup] + Self.settlement, access.overview(pay)),
            Endpoint(
                .post, "/api/group/{id}/payment", id: "payGroup", .usage,
                "Pays for a group that has ended with all its jobs, once.",
                parameters: [GroupAccess.id.description, IdempotentAnswers.parameter],
                answers: [.json(GroupPaymentView.self, "The group is paid.")],
                refusals: Refusal.group + Self.settlement, GroupAccess(groups: groups).user(payGroup)),
        ]
    }

    @Sendable private func show(_ call: Call, _ job: JobOverview) async throws -> Response {
        guard let bill = try await usage.bill(of: .job(job.id), owner: job.owner) else { throw Self.belongs(job) }
        return try await pages.response(to: call, list: "usage of \(job.id)", number: \.id.rawValue) { before, limit in
            try await usage.entries(
                of: .job(job.id), owner: job.owner, before: before.map { UsageEntryID($0) }, limit: limit)
        } view: { page, next in
            PaymentView(bill, job: job.id, tasks: page, nextCursor: next)
        }
    }

    @Sendable private func pay(_ call: Call, _ job: JobOverview) async throws -> Response {
        // Nothing is added to a job that has ended, and no other can be paid.
        let limit = Int(Pages.usualLimit)
        let entries = try await usage.entries(of: .job(job.id), owner: job.owner, before: nil, limit: limit + 1)
        let tasks = Array(entries.prefix(limit))
        let last = entries.count > limit ? tasks.last : nil
        let next = last.map { pages.cursor(after: $0.id.rawValue, in: "usage of \(job.id)") }
        return try await answers.response(to: call, of: job.owner, digest: .ofNothing) { bill in
            PaymentView(bill, job: job.id, tasks: tasks, nextCursor: next)
        } effect: { idempotency in
            do {
                return try await usage.settle(.job(job.id), owner: job.owner, idempotency: idempotency)
            } catch let refusal as BillRefusal {
                throw Self.error(for: refusal, unknown: Self.belongs(job))
            }
        }
    }

    @Sendable private func payGroup(_ call: Call, _ group: JobGroup) async throws -> Response {
        try await answers.response(to: call, of: group.owner, digest: .ofNothing) { bill in
            GroupPaymentView(bill, group: group.id)
        } effect: { idempotency in
            do {
                return try await usage.settle(.group(group.id), owner: group.owner, idempotency: idempotency)
            } catch let refusal as BillRefusal {
                throw Self.error(for: refusal, unknown: APIError.noSuchGroup)
            }
        }
    }

    private static func belongs(_ job: JobOverview) -> APIError {
        APIError(
            .notFound, "paid_with_group",
            "Job \(job.id) belongs to a group; its group is paid as a whole.")
    }

    private static func error(for refusal: BillRefusal, unknown: APIError) -> APIError {
        switch refusal {
        case .unknown: unknown
        case .notDue: APIError(.badRequest, "not_due", "It has not ended yet; pay when it has.")
        case .alreadyPaid: APIError(.badRequest, "already_paid", "It was paid before.")
        }
    }
}
