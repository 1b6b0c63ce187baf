/// Turns what was uploaded for a job into its inputs.
public protocol JobStarting: Sendable {
    /// Gives a job whose upload is complete its file, or what its archive holds, and lets it go. May be called again, by
    /// anybody, until it has returned once: a job that was started before is left as it is, and returned.
    /// - Throws: `UploadUseless` when the job has failed for what was uploaded; `UploadRefusal`.
    func start(_ upload: Upload) async throws -> Job
}

/// What was uploaded can't be used, and the job has failed for it.
public struct UploadUseless: Error, Equatable {
    /// A sentence for the job's owner.
    public let reason: String

    public init(reason: String) { self.reason = reason }
}
