import Hummingbird
import Logging
import RunSurgeCore

/// Jobs as the original system has them: a script, and one data file that comes in pieces.
struct SimpleJobRoutes: Sendable {
    let jobs: any JobStore
    let blobs: any BlobStore
    let code: CodeIntake
    let pieces: PieceIntake
    let quota: QuotaCheck
    let once: IdempotentAnswers

    private static let kind = Schema.of(JobKind.self)
    private static let form = FileForm(
        description: ObjectSchema(
            name: "NewJob",
            fields: [
                ObjectSchema.Field(name: "job_name", schema: .plain(1...Limits.nameBytes), isRequired: true),
                ObjectSchema.Field(name: "job_type", schema: kind, isRequired: true, note: "Both are run alike."),
                ObjectSchema.Field(name: "file", schema: .bytes, isRequired: true, note: "The script, a .py file."),
            ]),
        fileLimit: Limits.scriptBytes, largeFile: PythonFile.tooLarge)

    var endpoints: [Endpoint] {
        [
            Endpoint(
                .post, "/api/job", id: "createJob", .jobs, "Takes a script whose data file follows in pieces.",
                parameters: [IdempotentAnswers.parameter], body: .form(Self.form.schema),
                answers: [.json(JobView.self, "The job; it awaits its file.")],
                refusals: PythonFile.refusals + CodeIntake.refusals + Refusal.quotas + [IdempotentAnswers.refusal],
                .user(create)),
            Endpoint(
                .post, "/api/job/{id}/upload-data", id: "uploadData", .jobs,
                "Takes a piece of a job's data file; the last one starts the job.",
                parameters: [JobAccess.id.description, IdempotentAnswers.parameter],
                body: .form(PieceIntake.dataForm.schema), answers: [.json(PieceView.self, "The piece is stored.")],
                refusals: Refusal.job + PieceIntake.refusals, JobAccess(jobs: jobs).user(upload)),
        ]
    }

    @Sendable private func create(_ call: Call, _ user: User) async throws -> Response {
        try await quota.admit(user.id, jobs: 1)
        let content = try await pieces.turns.run(for: user.id) { try await Self.form.read(call, into: blobs) }
        let script = try PythonFile.entry("file", of: content)
        let name = try content.name("job_name")
        let kind = JobKind(rawValue: try content.text("job_type"))
        return try await once.response(to: call, of: user.id, digest: content.digest) {
            try await quota.admit(user.id, files: [script.blob])
            return try await code.findings(in: .script(script))
        } view: { job, _ in
            JobView(JobOverview(job, amount: 0))
        } effect: { idempotency, findings in
            var draft = JobSpecification(name: name, script: script)
            draft.kind = kind
            draft.findings = findings
            return try await jobs.createJob(draft, owner: user.id, awaitsUpload: true, idempotency: idempotency)
        }
    }

    @Sendable private func upload(_ call: Call, _ job: Job) async throws -> Response {
        guard job.group == nil else {
            throw APIError(
                .conflict, "upload_not_awaited",
                "The job belongs to a group: send its archive to /api/group/{id}/{job_id}/upload-zip-file.")
        }
        return try await pieces.take(call, PieceIntake.dataForm, for: job)
    }
}

extension FileForm.Content {
    /// - Throws: 422 when it has more bytes than a name may.
    func name(_ field: String) throws(APIError) -> String {
        let name = try text(field)
        guard name.utf8.count <= Limits.nameBytes else {
            throw .invalid(field, "\(field) has 1 to \(Limits.nameBytes) bytes.")
        }
        return name
    }
}
