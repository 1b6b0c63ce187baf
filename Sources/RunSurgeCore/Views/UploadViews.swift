/// Answer to a piece of a file.
public struct PieceView: Sendable, Codable, Equatable {
    public let message: String
    public let success: Bool
    /// From 0.
    public let dataChunkIndex: Int
    public let jobID: JobID

    public init(_ piece: UploadPiece, of job: JobID) {
        message = "Piece \(piece.index + 1) of \(piece.total) of \(piece.fileName) is stored."
        success = true
        dataChunkIndex = piece.index
        jobID = job
    }

    private enum CodingKeys: String, CodingKey {
        case message, success
        case dataChunkIndex = "data_chunk_index"
        case jobID = "job_id"
    }
}
