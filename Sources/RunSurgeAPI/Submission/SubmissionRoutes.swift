import Hummingbird
import Logging
import RunSurgeCore

/// `POST /api/job/submit`: a script with its files in one request.
struct SubmissionRoutes: Sendable {
    let jobs: any JobStore
    let blobs: any BlobStore
    let receipts: UploadReceipts
    let uploads: UploadTurns
    let quota: QuotaCheck
    /// nil: code is not looked at, and there are no plans.
    let code: CodeIntake?
    let once: IdempotentAnswers

    var endpoints: [Endpoint] {
        [
            Endpoint(
                .post, "/api/job/submit", id: "submitJob", .jobs, "Submits a script with its files.",
                parameters: [IdempotentAnswers.parameter], body: .form(SubmissionForm.schema),
                answers: [
                    .json(
                        JobView.self, "The job; it is durable.", status: .created,
                        headers: ["Location": "The path of the job; not of one that was created before."]),
                    Answer(.ok, "The plan, for `plan_only`.", .json(.anything)),
                ], refusals: CodeIntake.refusals + Refusal.quotas + [IdempotentAnswers.refusal], .user(submit))
        ]
    }

    @Sendable private func submit(_ call: Call, _ user: User) async throws -> Response {
        let request = call.request
        if let length = request.announcedLength, length > Limits.submissionBytes {
            throw APIError.tooLarge(
                "The submission has \(length) bytes, more than the limit of \(Limits.submissionBytes). "
                    + "Send large files one by one to PUT /api/blob/{sha256} and name them in a specification.")
        }
        // Before anything is read, and after it by what it is.
        try await quota.admit(user.id, jobs: 1)
        let (read, digest, isPlanOnly) = try await uploads.run(for: user.id) {
            let reader = try MultipartReader(request)
            try await call.context.welcomeBody(of: request)
            var submission = SubmissionReader(jobs: jobs, blobs: blobs, receipts: receipts, user: user.id)
            let read = try await submission.read(reader)
            return (read, submission.digest, submission.isPlanOnly)
        }
        if isPlanOnly { return try await plan(read) }
        return try await once.response(to: call, of: user.id, digest: digest, status: .created) { job in
            [.location: "/api/job/\(job.id)"]
        } prepare: {
            try await quota.admit(user.id, files: read.blobs)
            var specification = read
            specification.findings = try await code?.findings(in: .job(read))
            return specification
        } view: { job, _ in
            JobView(JobOverview(job))
        } effect: { idempotency, specification in
            let created = try await jobs.createJob(
                specification, owner: user.id, awaitsUpload: false, idempotency: idempotency)
            if case .performed(let job) = created {
                call.context.logger.info("Job accepted", metadata: ["job": "\(job.id)", "user": "\(user.id)"])
            }
            return created
        }
    }

    private func plan(_ specification: JobSpecification) async throws -> Response {
        guard let code else { throw APIError.invalid("plan_only", "There are no plans here.") }
        return JSONBody.response(bytes: try await code.plan(specification))
    }
}
