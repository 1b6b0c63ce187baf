import Hummingbird
import Logging
import RunSurgeCore

/// `POST /api/job/submit`: a script with its files in one request.
struct SubmissionRoutes: Sendable {
    let jobs: any JobStore
    let blobs: any BlobStore
    let receipts: UploadReceipts
    let uploads: AsyncLimit
    let quota: QuotaCheck

    var endpoints: [Endpoint] {
        [
            Endpoint(
                .post, "/api/job/submit", id: "submitJob", .jobs, "Submits a script with its files.",
                body: .form(SubmissionForm.schema),
                answers: [
                    .json(
                        JobView.self, "The job; it is durable.", status: .created,
                        headers: ["Location": "The path of the job."])
                ], refusals: Refusal.quotas, .user(submit))
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
        let specification = try await uploads.run {
            let reader = try MultipartReader(request)
            try await call.context.welcomeBody(of: request)
            var submission = SubmissionReader(jobs: jobs, blobs: blobs, receipts: receipts, user: user.id)
            return try await submission.read(reader)
        }
        try await quota.admit(user.id, files: specification.blobs)
        let job = try await jobs.createJob(specification, owner: user.id)
        call.context.logger.info("Job accepted", metadata: ["job": "\(job.id)", "user": "\(user.id)"])
        return try JSONBody.response(JobView(job), status: .created, headers: [.location: "/api/job/\(job.id)"])
    }
}
