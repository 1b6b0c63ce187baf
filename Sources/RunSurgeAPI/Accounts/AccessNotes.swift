import RunSurgeCore

extension UserRole: SchemaChoice {}

extension LoginSessionView: NotedFields {
    static let fieldNotes: [String: FieldNote] = [
        "created_at": .moment, "last_used_at": .moment, "expires_at": .moment,
        "address": .says("Where it was used last."), "user_agent": .says("As the client calls itself."),
    ]
}

extension APITokenRequest: NotedFields {
    static let fieldNotes: [String: FieldNote] = [
        "name": .rule(.plain(1...Limits.nameBytes), "What its owner knows it by; at most 255 bytes of UTF-8."),
        "lifetime_seconds": .rule(.integer(10...315_360_000), "Nothing: it does not expire."),
    ]
}

extension APITokenView: NotedFields {
    static let fieldNotes: [String: FieldNote] = [
        "created_at": .moment, "last_used_at": .rule(.moment, "To the minute."), "expires_at": .moment,
        "revoked_at": .moment,
    ]
}

extension NewAPITokenView: NotedFields {
    static let fieldNotes: [String: FieldNote] = [
        "token": .says("The secret. It is shown once; nothing when the request is repeated by its Idempotency-Key.")
    ]
}

extension QuotaRequest: NotedFields {
    static let fieldNotes: [String: FieldNote] = [
        "blob_bytes": .rule(.bytesCount, "Bytes of all files. Both fields, or neither for the usual quota."),
        "jobs": .rule(.integer(0...Int64(Int32.max)), "That have not ended."),
    ]
}

extension QuotaView: NotedFields {
    static let fieldNotes: [String: FieldNote] = [
        "blob_bytes": .bytes, "used_blob_bytes": .rule(.bytesCount, "Of all files, each counted once."),
        "used_jobs": .says("That have not ended."),
    ]
}

extension AuditEntryView: NotedFields {
    static let fieldNotes: [String: FieldNote] = [
        "at": .moment, "user_id": .says("Nothing: nobody who is known, or the operator."),
        "address": .says("Where the request came from."),
    ]
}
