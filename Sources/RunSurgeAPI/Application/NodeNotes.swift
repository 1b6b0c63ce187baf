import RunSurgeCore

extension NodeView: NotedFields {
    static let fieldNotes: [String: FieldNote] = [
        "user_id": .says("Nothing: the cluster's own."), "created_at": .moment, "last_seen_at": .moment,
        "memory_bytes": .bytes, "num_of_completed_tasks": .says("Chunks."),
    ]
}

extension NodeRequest: NotedFields {
    static let fieldNotes: [String: FieldNote] = [
        "node_name": .rule(.plain(1...Limits.nameBytes), "By which it is enrolled.")
    ]
}

extension OwnNodesView: NotedFields {
    static let fieldNotes: [String: FieldNote] = [
        "number_of_nodes": .says("All of them; `nodes` is a page."),
        "next_cursor": .says("`cursor` of the next page; nothing on the last."),
    ]
}

extension EarningTaskView: NotedFields {
    static let fieldNotes: [String: FieldNote] = [
        "task_id": .says("The node's part in one region of a script, or in what runs outside of them."),
        "started_at": .rule(.moment, "When the first of its results was accepted."),
        "completed_at": .rule(.moment, "When the last of its results was accepted."),
        "total_active_time": .rule(.number(0...Double.greatestFiniteMagnitude), "Seconds."),
        "avg_memory_bytes": .rule(.bytesCount, "Over the active time."), "chunks": .says("Accepted results."),
    ]
}

extension NodeDetailView: NotedFields {
    static let fieldNotes: [String: FieldNote] = [
        "num_of_completed_tasks": .says("Chunks; `tasks` is a page of what they belong to."),
        "next_cursor": .says("`cursor` of the next page; nothing on the last."),
    ]
}

extension FactorRequest: NotedFields {
    static let fieldNotes: [String: FieldNote] = [
        "factor": .rule(.number(0...1_000), "1 is usual; thousandths count.")
    ]
}

extension FactorView: NotedFields {
    static let fieldNotes: [String: FieldNote] = ["factor": .rule(.number(0...1_000))]
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
