import RunSurgeCore

extension EnrolmentTokenRequest: NotedFields {
    static let fieldNotes: [String: FieldNote] = [
        "kind": .says("Nothing: for a worker."),
        "lifetime_seconds": .rule(.integer(10...2_592_000), "For which the token can be used; nothing: 3600."),
    ]
}

extension EnrolmentTokenView: NotedFields {
    static let fieldNotes: [String: FieldNote] = ["expires_at": .moment]
}

extension EnrolmentRequest: NotedFields {
    static let fieldNotes: [String: FieldNote] = [
        "token": .rule(.text(0...1_024)),
        "public_key": .rule(
            .text(64...64, pattern: "[0-9A-Fa-f]{64}"), "Of CURVE; its secret stays where it was made."),
        "name": .rule(.plain(1...Limits.nameBytes), "Shown to users; at most 255 bytes of UTF-8."),
    ]
}

extension KeyView: NotedFields {
    static let fieldNotes: [String: FieldNote] = [
        "node_id": .says("Nothing for a monitoring key."), "created_at": .moment, "revoked_at": .moment,
    ]
}
