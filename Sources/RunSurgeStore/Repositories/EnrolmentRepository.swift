import PostgreSQL
import RunSurgeCore

/// Keys of the links, enrolment tokens and their audit in PostgreSQL.
struct EnrolmentRepository: EnrolmentStore {
    let database: Database

    private static let columns = "id, kind::text AS kind, node_id, owner_id, name, public_key, created_at, revoked_at"

    func addEnrolmentToken(
        hash: [UInt8], kind: KeyKind, owner: UserID, expires: RunSurgeCore.Timestamp
    ) async throws {
        let isAdded = try await database.transaction { connection in
            try await Self.lock(owner, connection)
            // What nobody can use any more goes with the next that is made.
            _ = try await connection.query(
                """
                DELETE FROM enrolment_token
                WHERE owner_id = $1 AND key_id IS NULL AND expires_at < clock_timestamp() - interval '1 day'
                """, [.identifier(owner)])
            let rows = try await connection.query(
                """
                INSERT INTO enrolment_token (hash, kind, owner_id, expires_at)
                SELECT $1, $2::key_kind, $3, $4 WHERE $5 > (
                    SELECT count(*) FROM enrolment_token
                    WHERE owner_id = $3 AND key_id IS NULL AND expires_at > clock_timestamp())
                ON CONFLICT (hash) DO UPDATE SET expires_at = excluded.expires_at RETURNING owner_id
                """,
                [
                    .bytes(hash), .text(kind.rawValue), .identifier(owner), .timestamp(expires),
                    .int(Limits.enrolmentTokens),
                ])
            guard !rows.isEmpty else { return false }
            _ = try await connection.run(
                AuditRow.insert("enrolment token made", subject: kind.rawValue, by: owner, from: nil))
            return true
        }
        if !isAdded { throw StoreError.conflict(field: "token") }
    }

    func enrol(tokenHash: [UInt8], publicKey: [UInt8], name: String, address: String) async throws -> NodeKey? {
        let key: NodeKey?
        do {
            key = try await database.transaction { connection in
                try await Self.spend(tokenHash, publicKey, name.withoutNULs, address, connection)
            }
        } catch let error as PostgreSQLError where error.kind == .uniqueViolation {
            throw StoreError.conflict(field: "public_key")
        }
        if key != nil { await database.wakeups.signal(.keys) }
        return key
    }

    private static func spend(
        _ hash: [UInt8], _ publicKey: [UInt8], _ name: String, _ address: String, _ connection: Connection
    ) async throws -> NodeKey? {
        let tokens = try await connection.query(
            """
            SELECT kind::text AS kind, owner_id, key_id, expires_at > clock_timestamp() AS is_valid
            FROM enrolment_token WHERE hash = $1 FOR UPDATE
            """, [.bytes(hash)])
        guard let token = tokens.first, let kind = KeyKind(rawValue: try token.string("kind")) else { return nil }
        if let spentOn = try token.optionalInt64("key_id") {
            // The same request again, after its answer was lost.
            return try await connection.query(
                "SELECT \(columns) FROM node_key WHERE id = $1 AND public_key = $2 AND revoked_at IS NULL",
                [.int64(spentOn), .bytes(publicKey)]
            ).first.map(self.key)
        }
        guard try token.bool("is_valid") else { return nil }
        let owner: UserID = try token.identifier("owner_id")
        try await lock(owner, connection)
        let node = kind == .worker ? try await self.node(name, of: owner, connection) : nil
        let rows = try await connection.query(
            """
            INSERT INTO node_key (public_key, kind, node_id, owner_id, name) VALUES ($1, $2::key_kind, $3, $4, $5)
            RETURNING \(columns)
            """,
            [
                .bytes(publicKey), .text(kind.rawValue), .identifier(node?.id), .identifier(owner),
                .text(node?.name ?? name),
            ])
        guard let key = try rows.first.map(self.key) else { throw StoreError.inconsistent("a key was not stored") }
        _ = try await connection.query(
            "UPDATE enrolment_token SET key_id = $2 WHERE hash = $1", [.bytes(hash), .identifier(key.id)])
        _ = try await connection.run(
            AuditRow.insert("key enrolled", subject: key.subject, by: owner, from: address))
        return key
    }

    /// The owner's node of this name when nobody speaks for it, else one with the first number that is free. The
    /// owner's row is locked.
    private static func node(
        _ name: String, of owner: UserID, _ connection: Connection
    ) async throws -> (id: NodeID, name: String) {
        let rows = try await connection.query(
            """
            WITH free AS (
                SELECT c.name FROM (
                    SELECT number, CASE number WHEN 1 THEN $1::text ELSE left($1::text, 240) || '-' || number END AS name
                    FROM generate_series(1, 10000) AS number
                ) c
                WHERE NOT EXISTS (
                    SELECT FROM node n JOIN node_key k ON k.node_id = n.id AND k.revoked_at IS NULL
                    WHERE n.owner_id = $2 AND n.name = c.name)
                ORDER BY c.number LIMIT 1
            )
            INSERT INTO node (owner_id, name, slots, memory, is_alive) SELECT $2, name, 0, 0, false FROM free
            ON CONFLICT (coalesce(owner_id, 0), name) DO UPDATE SET is_alive = false RETURNING id, name
            """, [.text(name), .identifier(owner)])
        guard let row = rows.first else { throw StoreError.conflict(field: "name") }
        return (try row.identifier("id"), try row.string("name"))
    }

    func announceNode(name: String, owner: UserID) async throws -> Node {
        let node = try await database.transaction { connection in
            try await Self.lock(owner, connection)
            _ = try await connection.query(
                """
                INSERT INTO node (owner_id, name, slots, memory, is_alive)
                SELECT $1, $2, 0, 0, false WHERE $3 > (
                    SELECT count(*) FROM node n
                    WHERE n.owner_id = $1 AND NOT EXISTS (SELECT FROM node_key k WHERE k.node_id = n.id))
                ON CONFLICT (coalesce(owner_id, 0), name) DO NOTHING
                """, [.identifier(owner), .text(name.withoutNULs), .int(Limits.announcedNodes)])
            let rows = try await connection.query(
                NodeRow.select + " WHERE n.owner_id = $1 AND n.name = $2",
                [.identifier(owner), .text(name.withoutNULs)])
            guard let node = try rows.first.map(NodeRow.decode) else { throw StoreError.conflict(field: "node") }
            return node
        }
        await database.wakeups.signal(.events)
        return node
    }

    // MARK: Keys

    func keys(owner: UserID, limit: Int) async throws -> [NodeKey] {
        try await database.query(
            "SELECT \(Self.columns) FROM node_key WHERE owner_id = $1 ORDER BY id DESC LIMIT $2",
            [.identifier(owner), .int(limit)]
        ).map(Self.key)
    }

    func revoke(_ target: RevocationTarget, owner: UserID) async throws -> NodeKey? {
        let (condition, value): (String, SQLValue) =
            switch target {
            case .key(let id): ("id = $1", .identifier(id))
            case .node(let id): ("id = (SELECT max(id) FROM node_key WHERE node_id = $1)", .identifier(id))
            }
        let key = try await database.transaction { connection in
            let found = try await connection.query(
                "SELECT \(Self.columns) FROM node_key WHERE \(condition) AND owner_id = $2 FOR UPDATE",
                [value, .identifier(owner)])
            guard let key = try found.first.map(Self.key) else { return NodeKey?.none }
            guard key.revokedAt == nil else { return key }
            _ = try await connection.run(AuditRow.insert("key revoked", subject: key.subject, by: owner, from: nil))
            return try await connection.query(
                "UPDATE node_key SET revoked_at = clock_timestamp() WHERE id = $1 RETURNING \(Self.columns)",
                [.identifier(key.id)]
            ).first.map(Self.key)
        }
        if key != nil { await database.wakeups.signal(.keys) }
        return key
    }

    func validKeys() async throws -> [NodeKey] {
        try await database.query("SELECT \(Self.columns) FROM node_key WHERE revoked_at IS NULL").map(Self.key)
    }

    func waitForKeyChange(within: Duration) async throws { try await database.wakeups.wait(for: .keys, within: within) }

    func announceServerKeys(current: [UInt8], next: [UInt8], retired: [[UInt8]]) async throws {
        _ = try await database.pipeline([
            Statement(
                """
                INSERT INTO server_key (public_key, is_current) VALUES ($1, true), ($2, false)
                ON CONFLICT (public_key) DO UPDATE SET is_current = excluded.is_current,
                    announced_at = clock_timestamp(), retired_at = NULL
                """, [.bytes(current), .bytes(next)]),
            Statement(
                """
                UPDATE server_key SET retired_at = clock_timestamp()
                WHERE public_key = ANY ($1) AND retired_at IS NULL
                """, [.bytesArray(retired)]),
        ])
        await database.wakeups.signal(.keys)
    }

    func serverKeys() async throws -> [[UInt8]] {
        try await database.query(
            """
            SELECT public_key FROM server_key WHERE retired_at IS NULL
            ORDER BY is_current DESC, announced_at DESC, public_key LIMIT $1
            """, [.int(Limits.serverKeys)]
        ).map { try $0.bytes("public_key") }
    }

    // MARK: Steps

    /// Enrolments of one user come one after the other, so that two never choose the same name.
    private static func lock(_ owner: UserID, _ connection: Connection) async throws {
        _ = try await connection.query("SELECT id FROM app_user WHERE id = $1 FOR UPDATE", [.identifier(owner)])
    }

    private static func key(_ row: Row) throws -> NodeKey {
        guard let kind = KeyKind(rawValue: try row.string("kind")) else {
            throw StoreError.inconsistent("a key of an unknown kind")
        }
        return NodeKey(
            id: try row.identifier("id"), kind: kind, node: try row.optionalInt64("node_id").map(NodeID.init(_:)),
            owner: try row.identifier("owner_id"), name: try row.string("name"),
            publicKey: try row.bytes("public_key"), createdAt: try row.moment("created_at"),
            revokedAt: try row.optionalMoment("revoked_at"))
    }
}

extension NodeKey {
    /// How the audit names it.
    fileprivate var subject: String { "key \(id) (\(kind.rawValue)\(node.map { " of node \($0)" } ?? "")) \(name)" }
}
