/// Files of jobs that were created with `awaitsUpload`, in pieces. Until `start` such a job is `submitted` to its owner
/// and unknown to the scheduler. The pieces' blobs are kept as long as the upload is not finished.
public protocol UploadStore: Sendable {
    /// Records a piece, durably. They come in order; the same piece again changes nothing, and gets the same answer even
    /// after the job was started.
    /// - Parameter limit: bytes of the whole file.
    /// - Throws: `UploadRefusal`
    func addPiece(
        _ piece: UploadPiece, to job: JobID, owner: UserID, limit: Int64, idempotency: Idempotency<Upload>?
    ) async throws -> Once<Upload>
    func upload(of job: JobID, owner: UserID) async throws -> Upload?
    /// The pieces so far, in order.
    func pieces(of job: JobID, owner: UserID) async throws -> [BlobReference]
    /// Gives a job whose upload is complete its final specification and lets it go, in one durable step. A job that was
    /// started before is left as it is, and returned.
    /// - Throws: `UploadRefusal`; `.notAwaited` when it has ended.
    func start(
        _ job: JobID, specification: JobSpecification, owner: UserID, idempotency: Idempotency<Job>?
    ) async throws -> Once<Job>
    /// The upload is of no use: the job fails for this reason, a sentence for its owner.
    /// - Returns: false when the job does not await a file (any more).
    func rejectUpload(of job: JobID, owner: UserID, reason: String) async throws -> Bool
    /// Complete ones whose jobs were not started for `idle` since their last piece: whoever was about to has died.
    func uploadsToStart(idle: Duration, limit: Int) async throws -> [Upload]
}
