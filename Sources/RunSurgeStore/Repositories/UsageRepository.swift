import PostgreSQL
import RunSurgeCore

/// Charges, earnings and payments in PostgreSQL.
struct UsageRepository: UsageStore {
    let database: Database

    // MARK: Entries

    func entries(
        of subject: BillSubject, owner: UserID, before: UsageEntryID?, limit: Int
    ) async throws -> [UsageEntry] {
        let column = subject.columns.entry
        return try await database.query(
            UsageRow.select + " WHERE e.\(column) = $1 AND e.payer_id = $2 AND e.id < $3 ORDER BY e.id DESC LIMIT $4",
            [subject.identifier, .identifier(owner), .int64(before?.rawValue ?? .max), .int(limit)]
        ).map(UsageRow.decode)
    }

    func entries(
        of node: NodeID, owner: UserID, before: UsageEntryID?, limit: Int
    ) async throws -> [UsageEntry] {
        try await database.query(
            UsageRow.select
                + " WHERE e.node_id = $1 AND e.earner_id = $2 AND e.id < $3 ORDER BY e.id DESC LIMIT $4",
            [.identifier(node), .identifier(owner), .int64(before?.rawValue ?? .max), .int(limit)]
        ).map(UsageRow.decode)
    }

    func amounts(of jobs: [JobID], owner: UserID) async throws -> [JobID: MicroUnits] {
        let rows = try await database.query(
            """
            SELECT job_id, \(Self.total("amount")) AS amount FROM usage_entry
            WHERE job_id = ANY ($1) AND payer_id = $2 GROUP BY job_id
            """, [.identifiers(jobs), .identifier(owner)])
        return Dictionary(
            uniqueKeysWithValues: try rows.map { (try $0.identifier("job_id"), try $0.int64("amount")) })
    }

    func earnings(ofNodesOf owner: UserID) async throws -> [NodeID: Earnings] {
        let rows = try await database.query(
            """
            SELECT node_id, \(Self.total("amount", "payment_id IS NOT NULL")) AS paid,
                \(Self.total("amount", "payment_id IS NULL")) AS pending
            FROM usage_entry WHERE earner_id = $1 GROUP BY node_id
            """, [.identifier(owner)])
        return Dictionary(
            uniqueKeysWithValues: try rows.map {
                (
                    try $0.identifier("node_id"),
                    Earnings(paid: try $0.int64("paid"), pending: try $0.int64("pending"))
                )
            })
    }

    func setFactor(_ factor: Int32, of node: NodeID, owner: UserID?) async throws -> Bool {
        let rows = try await database.query(
            "UPDATE node SET price_factor = $3 WHERE id = $1 AND owner_id IS NOT DISTINCT FROM $2 RETURNING id",
            [.identifier(node), .identifier(owner), .int32(factor)])
        return !rows.isEmpty
    }

    func statistics() async throws -> Statistics {
        let rows = try await database.query(
            """
            SELECT (SELECT count(*) FROM app_user) AS users, n.nodes, n.alive, (SELECT count(*) FROM job) AS jobs,
                (SELECT count(*) FROM job_group) AS groups, e.chunks, e.earnings
            FROM (SELECT count(*) AS nodes, count(*) FILTER (WHERE is_alive) AS alive FROM node) n,
                (SELECT \(Self.total("chunks")) AS chunks, \(Self.total("amount")) AS earnings FROM usage_entry) e
            """)
        guard let row = rows.first else { throw StoreError.inconsistent("there are no statistics") }
        return Statistics(
            users: try row.int64("users"), nodes: try row.int64("nodes"), aliveNodes: try row.int64("alive"),
            jobs: try row.int64("jobs"), groups: try row.int64("groups"), chunks: try row.int64("chunks"),
            earnings: try row.int64("earnings"))
    }

    static func total(_ column: String, _ condition: String = "true") -> String {
        "least(coalesce(sum(\(column)) FILTER (WHERE \(condition)), 0), 9223372036854775807)::int8"
    }

    // MARK: Bills

    func bill(of subject: BillSubject, owner: UserID) async throws -> Bill? {
        try await database.query(
            Self.selectBills(of: subject) + " AND s.id = $1 AND s.owner_id = $2",
            [subject.identifier, .identifier(owner)]
        ).first.map { try Self.bill($0, of: subject) }
    }

    func bills(of groups: [JobGroupID], owner: UserID) async throws -> [Bill] {
        try await database.query(
            Self.selectBills(of: .group(JobGroupID(0))) + " AND s.id = ANY ($1) AND s.owner_id = $2 ORDER BY s.id",
            [.identifiers(groups), .identifier(owner)]
        ).map { try Self.bill($0, of: .group($0.identifier("id"))) }
    }

    func settle(
        _ subject: BillSubject, owner: UserID, idempotency: Idempotency<Bill>?
    ) async throws -> Once<Bill> {
        // Names this call: after a lost connection, it is its own payment that is found.
        let submission = JobRow.newSubmission()
        return try await database.once(idempotency) { connection in
            try await Self.settle(subject, owner: owner, submission, connection)
        }
    }

    /// Its entries are marked with their payment: they are added to no more, and are paid to whoever earned them.
    private static func settle(
        _ subject: BillSubject, owner: UserID, _ submission: String, _ connection: Connection
    ) async throws -> Bill {
        let columns = subject.columns
        _ = try await connection.query(
            "SELECT id FROM \(columns.table) WHERE id = $1 AND owner_id = $2 FOR UPDATE",
            [subject.identifier, .identifier(owner)])
        let select = Statement(
            selectBills(of: subject) + " AND s.id = $1 AND s.owner_id = $2", [subject.identifier, .identifier(owner)])
        guard let row = try await connection.run(select).rows.first else { throw BillRefusal.unknown }
        let bill = try self.bill(row, of: subject)
        guard bill.isDue else { throw BillRefusal.notDue }
        if bill.paidAt != nil {
            let known = try await connection.query(
                "SELECT true FROM payment WHERE \(columns.entry) = $1 AND submission = $2",
                [subject.identifier, .uuid(submission)])
            guard !known.isEmpty else { throw BillRefusal.alreadyPaid }
            return bill
        }
        let results = try await connection.pipeline([
            Statement(
                """
                WITH due AS (
                    SELECT id, amount FROM usage_entry WHERE \(columns.entry) = $1 AND payment_id IS NULL
                    ORDER BY id FOR UPDATE
                ), paid AS (
                    INSERT INTO payment (owner_id, \(columns.entry), submission, amount)
                    SELECT $2, $1, $3, \(total("amount")) FROM due RETURNING id
                )
                UPDATE usage_entry e SET payment_id = p.id FROM paid p WHERE e.id IN (SELECT id FROM due)
                """, [subject.identifier, .identifier(owner), .uuid(submission)]),
            select,
        ])
        guard let paid = results[1].first else { throw BillRefusal.unknown }
        return try self.bill(paid, of: subject)
    }

    /// To be continued by AND. A job of a group has no bill of its own.
    private static func selectBills(of subject: BillSubject) -> String {
        let columns = subject.columns
        return """
            SELECT s.id, s.finished_at IS NOT NULL AS is_due, p.paid_at, coalesce(p.amount, e.amount) AS amount,
                e.entries
            FROM \(columns.table) s
                LEFT JOIN payment p ON p.\(columns.entry) = s.id
                CROSS JOIN LATERAL (
                    SELECT \(total("amount")) AS amount, count(*) AS entries FROM usage_entry
                    WHERE \(columns.entry) = s.id) e
            WHERE \(columns.condition)
            """
    }

    private static func bill(_ row: Row, of subject: BillSubject) throws -> Bill {
        Bill(
            subject: subject, amount: try row.int64("amount"), entryCount: try row.int("entries"),
            isDue: try row.bool("is_due"), paidAt: try row.optionalMoment("paid_at"))
    }
}

extension BillSubject {
    fileprivate var identifier: SQLValue {
        switch self {
        case .job(let id): .identifier(id)
        case .group(let id): .identifier(id)
        }
    }

    /// Where it lies, which rows of it have bills, and how an entry and a payment name it.
    fileprivate var columns: (table: String, condition: String, entry: String) {
        switch self {
        case .job: ("job", "s.group_id IS NULL", "job_id")
        case .group: ("job_group", "true", "group_id")
        }
    }
}
