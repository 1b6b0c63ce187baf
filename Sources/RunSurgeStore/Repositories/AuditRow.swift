import PostgreSQL
import RunSurgeCore

/// How an act lies in the audit.
enum AuditRow {
    static func insert(_ action: String, subject: String, by user: UserID?, from address: String?) -> Statement {
        Statement(
            "INSERT INTO audit_log (user_id, action, subject, address) VALUES ($1, $2, $3, $4)",
            [
                .identifier(user), .text(action.withoutNULs), .text(subject.withoutNULs), .text(address?.withoutNULs),
            ])
    }

    static func decode(_ row: Row) throws -> AuditEntry {
        AuditEntry(
            id: try row.identifier("id"), at: try row.moment("at"),
            user: try row.optionalInt64("user_id").map(UserID.init(_:)), action: try row.string("action"),
            subject: try row.string("subject"), address: try row.optionalString("address"))
    }
}
