import RunSurgeCore

extension NodeView: NotedFields {
    static let fieldNotes: [String: FieldNote] = [
        "user_id": .says("Nothing: the cluster's own."), "created_at": .moment, "last_seen_at": .moment,
        "memory_bytes": .bytes, "num_of_completed_tasks": .says("Chunks."),
    ]
}

extension NodeLogView: NotedFields {
    static let fieldNotes: [String: FieldNote] = [
        "next_before": .says("`before` of the next page; nothing on the last.")
    ]
}

extension NodeLogView.Entry: NotedFields {
    static let fieldNotes: [String: FieldNote] = [
        "at": .moment, "kind": .rule(.choice(NodeLogEntry.Kind.allCases.map(\.rawValue))), "memory_bytes": .bytes,
        "term": .says("Of the master that saw it."),
    ]
}

extension ErrorView: NotedFields {
    static let fieldNotes: [String: FieldNote] = [
        "detail": .says("A sentence for a human being."), "code": .says("Stable; for programs."),
        "field": .says("The field that is wrong."),
    ]
}
