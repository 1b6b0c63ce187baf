import PostgreSQL
import RunSurgeCore

/// Files of jobs that come in pieces, in PostgreSQL. The job's row is locked while a piece is recorded, so pieces of one
/// job come one after the other.
struct UploadRepository: UploadStore {
    let database: Database

    // MARK: Pieces

    func addPiece(
        _ piece: UploadPiece, to job: JobID, owner: UserID, limit: Int64, idempotency: Idempotency<Upload>?
    ) async throws -> Once<Upload> {
        try await database.once(idempotency) { connection in
            try await Self.add(piece, to: job, owner: owner, limit: limit, connection)
        }
    }

    private static func add(
        _ piece: UploadPiece, to job: JobID, owner: UserID, limit: Int64, _ connection: Connection
    ) async throws -> Upload {
        guard (1...Limits.uploadPieces).contains(piece.total), (0..<piece.total).contains(piece.index) else {
            throw UploadRefusal.outOfRange
        }
        let isAwaited = try await lock(job, owner: owner, connection)
        let known = try await connection.query(
            UploadRow.select + " WHERE j.id = $1 AND j.owner_id = $2", [.identifier(job), .identifier(owner)]
        ).first.map(UploadRow.decode)
        if let known, known.total != piece.total { throw UploadRefusal.otherTotal(known.total) }
        let received = known?.received ?? 0
        if let known, piece.index < received {
            try await check(piece, isPieceOf: job, connection)
            return known
        }
        guard isAwaited else { throw UploadRefusal.notAwaited }
        guard piece.index == received else { throw UploadRefusal.outOfOrder(expected: received) }
        guard (known?.bytes ?? 0) <= limit - piece.blob.size else { throw UploadRefusal.tooLarge(limit: limit) }
        let results = try await connection.pipeline(UploadRow.insert(piece, of: job))
        guard let row = results.last?.first else { throw StoreError.inconsistent("a piece was not stored") }
        return try UploadRow.decode(row)
    }

    /// Whether the job awaits a file.
    private static func lock(_ job: JobID, owner: UserID, _ connection: Connection) async throws -> Bool {
        let rows = try await connection.query(
            """
            SELECT NOT is_ready AND finished_at IS NULL AS is_awaited FROM job
            WHERE id = $1 AND owner_id = $2 FOR UPDATE
            """, [.identifier(job), .identifier(owner)])
        guard let row = rows.first else { throw UploadRefusal.unknownJob }
        return try row.bool("is_awaited")
    }

    private static func check(_ piece: UploadPiece, isPieceOf job: JobID, _ connection: Connection) async throws {
        let rows = try await connection.query(
            "SELECT sha256 FROM upload_piece WHERE job_id = $1 AND piece = $2",
            [.identifier(job), .int32(Int32(piece.index))])
        guard let row = rows.first else { throw UploadRefusal.notAwaited }
        guard try row.bytes("sha256") == piece.blob.nameBytes else {
            throw UploadRefusal.otherPiece(index: piece.index)
        }
    }

    func upload(of job: JobID, owner: UserID) async throws -> Upload? {
        try await database.query(
            UploadRow.select + " WHERE j.id = $1 AND j.owner_id = $2", [.identifier(job), .identifier(owner)]
        ).first.map(UploadRow.decode)
    }

    func pieces(of job: JobID, owner: UserID) async throws -> [BlobReference] {
        try await database.query(
            """
            SELECT p.sha256, p.size FROM upload_piece p JOIN job j ON j.id = p.job_id
            WHERE p.job_id = $1 AND j.owner_id = $2 ORDER BY p.piece
            """, [.identifier(job), .identifier(owner)]
        ).map { BlobReference(name: try $0.bytes("sha256"), size: try $0.int64("size")) }
    }

    func uploadsToStart(idle: Duration, limit: Int) async throws -> [Upload] {
        try await database.query(
            UploadRow.select + """
                 WHERE u.received = u.total AND u.finished_at IS NULL
                    AND u.touched_at < clock_timestamp() - $1 * interval '1 microsecond'
                ORDER BY u.touched_at LIMIT $2
                """, [.int64(idle.wholeMicroseconds), .int(limit)]
        ).map(UploadRow.decode)
    }

    // MARK: The end

    func start(
        _ job: JobID, specification: JobSpecification, owner: UserID, idempotency: Idempotency<Job>?
    ) async throws -> Once<Job> {
        let started = try await database.once(idempotency) { connection in
            try await Self.start(job, specification, owner: owner, connection)
        }
        await database.wakeups.signal(.work)
        await database.wakeups.jobsChanged([job])
        return started
    }

    private static func start(
        _ id: JobID, _ specification: JobSpecification, owner: UserID, _ connection: Connection
    ) async throws -> Job {
        if try await lock(id, owner: owner, connection) {
            let rows = try await connection.query(
                "SELECT received = total AS is_complete FROM upload WHERE job_id = $1", [.identifier(id)])
            guard try rows.first?.bool("is_complete") == true else { throw UploadRefusal.incomplete }
            _ = try await connection.pipeline([
                Statement("UPDATE job SET is_ready = true WHERE id = $1", [.identifier(id)]),
                Statement(
                    "UPDATE job_detail SET specification = $2 WHERE job_id = $1",
                    [.identifier(id), try JobRow.encodeJSON(specification)]),
                try JobRow.insertBlobs(specification.blobs, of: id),
            ])
        }
        let rows = try await connection.query(JobRow.select + " WHERE j.id = $1", [.identifier(id)])
        guard let job = try rows.first.map(JobRow.decode) else { throw UploadRefusal.unknownJob }
        guard job.isReady else { throw UploadRefusal.notAwaited }
        return job
    }

    func rejectUpload(of job: JobID, owner: UserID, reason: String) async throws -> Bool {
        let (rows, attempts) = try await database.countingAttempts { connection in
            try await connection.query(
                """
                WITH ended AS (
                    UPDATE job SET state = 'failed', finished_at = clock_timestamp()
                    WHERE id = $1 AND owner_id = $2 AND NOT is_ready AND finished_at IS NULL RETURNING id
                ), detail AS (
                    UPDATE job_detail d SET failure = $3 FROM ended e WHERE d.job_id = e.id
                )
                SELECT EXISTS (SELECT FROM ended) AS now, EXISTS (
                    SELECT FROM job WHERE id = $1 AND owner_id = $2 AND NOT is_ready AND state = 'failed') AS before
                """, [.identifier(job), .identifier(owner), .text(reason.withoutNULs)])
        }
        // After a lost connection, it is this call that has ended it.
        guard let row = rows.first, try row.bool("now") || (attempts > 1 && row.bool("before")) else { return false }
        await database.wakeups.signal(.groups)
        await database.wakeups.jobsChanged([job])
        return true
    }
}
