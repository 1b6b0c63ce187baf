import Hummingbird
import Logging
import RunSurgeCore

/// `POST /api/job/submit`: a script with its files in one request.
struct SubmissionRoutes: Sendable {
    let jobs: any JobStore
    let blobs: any BlobStore
    let receipts: UploadReceipts
    let uploads: AsyncLimit

    func add(to router: Router<APIRequestContext>) { router.post("/api/job/submit", use: submit) }

    @Sendable private func submit(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        let user = try context.requireUser()
        if let length = request.headers[.contentLength].flatMap({ Int64($0) }), length > Limits.submissionBytes {
            throw APIError.tooLarge(
                "The submission has \(length) bytes, more than the limit of \(Limits.submissionBytes). "
                    + "Send large files one by one to PUT /api/blob/{sha256} and name them in a specification.")
        }
        let specification = try await uploads.run {
            let reader = try MultipartReader(request)
            try await context.welcomeBody(of: request)
            var submission = SubmissionReader(jobs: jobs, blobs: blobs, receipts: receipts, user: user.id)
            return try await submission.read(reader)
        }
        let job = try await jobs.createJob(specification, owner: user.id)
        context.logger.info("Job accepted", metadata: ["job": "\(job.id)", "user": "\(user.id)"])
        return try JSONBody.response(JobView(job), status: .created, headers: [.location: "/api/job/\(job.id)"])
    }
}
