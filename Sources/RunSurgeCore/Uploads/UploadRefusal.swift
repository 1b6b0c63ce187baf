/// Why a piece was not taken, or a job not started. Nothing was changed then.
public enum UploadRefusal: Error, Equatable {
    /// There is no such job of this owner.
    case unknownJob
    /// The job does not await a file (any more).
    case notAwaited
    /// `index` is not below `total`, or `total` not within 1 ... `Limits.uploadPieces`.
    case outOfRange
    /// Pieces come in order.
    case outOfOrder(expected: Int)
    /// An earlier piece said there were so many.
    case otherTotal(Int)
    /// Another piece of this index has come before.
    case otherPiece(index: Int)
    /// The file would have more than so many bytes.
    case tooLarge(limit: Int64)
    /// Pieces are missing.
    case incomplete
}
