import PostgreSQL
import RunSurgeCore

extension Database {
    /// `effect` in a transaction, unless it was performed before under the same key. Who comes with a key that another
    /// transaction has claimed waits for its end.
    /// - Throws: `StoreError.conflict` naming `idempotency_key` when the key was used for another request.
    func once<Value: Sendable>(
        _ idempotency: Idempotency<Value>?, _ effect: @Sendable (Connection) async throws -> Value
    ) async throws -> Once<Value> {
        try await transaction { connection in
            guard let idempotency else { return .performed(try await effect(connection)) }
            if let known = try await Self.claim(idempotency.key, connection) { return .replayed(known) }
            let value = try await effect(connection)
            let answer = try idempotency.answer(value)
            _ = try await connection.query(
                "UPDATE idempotency_key SET status = $3, body = $4 WHERE owner_id = $1 AND key = $2",
                [
                    .identifier(idempotency.key.owner), .text(idempotency.key.key), .int16(Int16(answer.status)),
                    .bytes(answer.body),
                ])
            return .performed(value)
        }
    }

    /// nil: the key is this transaction's. One that is too old is free again.
    private static func claim(_ key: IdempotencyKey, _ connection: Connection) async throws -> StoredAnswer? {
        let claimed = try await connection.query(
            """
            INSERT INTO idempotency_key AS k (owner_id, key, operation, digest) VALUES ($1, $2, $3, $4)
            ON CONFLICT (owner_id, key) DO UPDATE SET operation = excluded.operation, digest = excluded.digest,
                status = NULL, body = NULL, created_at = excluded.created_at
            WHERE k.created_at < clock_timestamp() - $5 * interval '1 microsecond'
            RETURNING true
            """,
            [
                .identifier(key.owner), .text(key.key), .text(key.operation), .bytes(key.digest),
                .int64(Limits.idempotencyLife.wholeMicroseconds),
            ])
        guard claimed.isEmpty else { return nil }
        let rows = try await connection.query(IdempotencyRow.select, IdempotencyRow.parameters(key))
        guard let row = rows.first else { throw StoreError.inconsistent("a claimed key has gone") }
        return try IdempotencyRow.answer(row, to: key)
    }
}
