import Hummingbird
import RunSurgeCore

/// Takes the pieces of a file that comes in several requests; with the last one its job starts.
struct PieceIntake: Sendable {
    let uploads: any UploadStore
    let starting: any JobStarting
    let blobs: any BlobStore
    /// Requests whose bodies are read at once.
    let turns: UploadTurns
    let quota: QuotaCheck
    let once: IdempotentAnswers

    /// Of a simple job's data file.
    static let dataForm = form("DataPiece", [])
    /// Of a group member's archive.
    static let archiveForm = form(
        "ArchivePiece",
        [
            ObjectSchema.Field(
                name: memory, schema: .bytesCount, isRequired: false,
                note: "Bytes of memory that the worker must have; nothing or 0: any will do.")
        ])

    /// Of routes that take pieces.
    static let refusals =
        Refusal.quotas + [
            IdempotentAnswers.refusal,
            Refusal(.badRequest, "wrong_chunk_index", "Pieces come in order; the one that is expected is named."),
            Refusal(.badRequest, "wrong_total_chunks", "Earlier pieces said that there were more or fewer."),
            Refusal(.badRequest, "upload_useless", "The file can't be used, and the job has failed for it."),
            Refusal(.conflict, "upload_not_awaited", "The job has its file already, or has ended."),
        ]

    private static let memory = "required_ram"

    /// - Parameter form: how the request is laid out.
    /// - Throws: 400 for a piece that is not the expected one, or whose file is of no use; 409 when none is awaited.
    func take(_ call: Call, _ form: FileForm, for job: Job) async throws -> Response {
        try await quota.admit(job.owner, bytes: call.request.announcedLength ?? 0)
        let content = try await turns.run(for: job.owner) { try await form.read(call, into: blobs) }
        let file = try content.file("file")
        // What was not announced is counted when it is there.
        if call.request.announcedLength == nil { try await quota.admit(job.owner, bytes: file.blob.size) }
        let memory = content.optionalNumber(Self.memory)
        let piece = UploadPiece(
            index: Int(clamping: try content.number("chunk_index")),
            total: Int(clamping: try content.number("total_chunks")), blob: file.blob, fileName: file.name,
            requiredMemory: memory == 0 ? nil : memory)
        do {
            let response = try await once.response(to: call, of: job.owner, digest: content.digest) { _ in
                PieceView(piece, of: job.id)
            } effect: { idempotency in
                try await uploads.addPiece(
                    piece, to: job.id, owner: job.owner, limit: Limits.uploadBytes, idempotency: idempotency)
            }
            if piece.index == piece.total - 1 { try await start(job) }
            return response
        } catch let refusal as UploadRefusal {
            throw try Self.error(for: refusal)
        }
    }

    private func start(_ job: Job) async throws {
        guard let upload = try await uploads.upload(of: job.id, owner: job.owner), upload.isComplete, !upload.isFinished
        else { return }
        do {
            _ = try await starting.start(upload)
        } catch let useless as UploadUseless {
            throw APIError(.badRequest, "upload_useless", useless.reason)
        }
    }

    private static func error(for refusal: UploadRefusal) throws -> APIError {
        func wrongIndex(_ detail: String) -> APIError {
            APIError(.badRequest, "wrong_chunk_index", detail, field: "chunk_index")
        }
        switch refusal {
        case .notAwaited:
            return APIError(.conflict, "upload_not_awaited", "The job has its file already, or has ended.")
        case .outOfRange: return wrongIndex("chunk_index counts from 0 and is less than total_chunks.")
        case .outOfOrder(let expected): return wrongIndex("Pieces come in order: the next has chunk_index \(expected).")
        case .otherPiece(let index):
            return wrongIndex("Another piece \(index) has come before; make a new job for another file.")
        case .otherTotal(let total):
            return APIError(
                .badRequest, "wrong_total_chunks", "Earlier pieces said that there were \(total).",
                field: "total_chunks")
        case .tooLarge(let limit): return .tooLarge("The whole file would have more than \(limit) bytes.")
        // Neither can be: whose job it is was looked at, and whether all pieces have come.
        case .unknownJob, .incomplete: throw refusal
        }
    }

    private static func form(_ name: String, _ more: [ObjectSchema.Field]) -> FileForm {
        let last = Int64(Limits.uploadPieces)
        return FileForm(
            description: ObjectSchema(
                name: name,
                fields: [
                    ObjectSchema.Field(name: "file", schema: .bytes, isRequired: true, note: "The piece."),
                    ObjectSchema.Field(
                        name: "chunk_index", schema: .integer(0...last - 1), isRequired: true, note: "From 0."),
                    ObjectSchema.Field(
                        name: "total_chunks", schema: .integer(1...last), isRequired: true,
                        note: "Pieces of the whole file."),
                ] + more),
            fileLimit: Limits.uploadBytes,
            largeFile: .tooLarge("A piece is larger than the limit of \(Limits.uploadBytes) bytes."))
    }
}
