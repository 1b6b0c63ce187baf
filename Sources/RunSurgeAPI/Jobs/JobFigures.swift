import RunSurgeCore

/// What is asked for a view of one job beyond its own row.
struct JobFigures: Sendable {
    let uploads: any UploadStore
    let usage: any UsageStore

    func view(_ job: Job) async throws -> JobView {
        let hasUpload = job.specification.kind != nil
        async let upload = hasUpload ? uploads.upload(of: job.id, owner: job.owner) : nil
        // Nothing was done for a job that has not begun.
        async let amounts = job.startedAt == nil ? [:] : usage.amounts(of: [job.id], owner: job.owner)
        return JobView(job, uploadName: try await upload?.fileName, amount: try await amounts[job.id] ?? 0)
    }
}
