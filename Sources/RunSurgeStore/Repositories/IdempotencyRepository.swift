import PostgreSQL
import RunSurgeCore

/// Answers of earlier requests in PostgreSQL.
struct IdempotencyRepository: IdempotencyStore {
    let database: Database

    func answer(of key: IdempotencyKey) async throws -> StoredAnswer? {
        try await database.query(
            IdempotencyRow.select + " AND created_at >= clock_timestamp() - $3 * interval '1 microsecond'",
            IdempotencyRow.parameters(key) + [.int64(Limits.idempotencyLife.wholeMicroseconds)]
        ).first.map { try IdempotencyRow.answer($0, to: key) }
    }
}

/// How an answer lies in its table.
enum IdempotencyRow {
    static let select = "SELECT operation, digest, status, body FROM idempotency_key WHERE owner_id = $1 AND key = $2"

    static func parameters(_ key: IdempotencyKey) -> [SQLValue] { [.identifier(key.owner), .text(key.key)] }

    static func answer(_ row: Row, to key: IdempotencyKey) throws -> StoredAnswer {
        guard try row.string("operation") == key.operation, try row.bytes("digest") == key.digest else {
            throw StoreError.conflict(field: "idempotency_key")
        }
        return StoredAnswer(status: Int(try row.int16("status")), body: try row.bytes("body"))
    }
}
