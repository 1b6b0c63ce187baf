import RunSurgeCore

extension ChargedTaskView: NotedFields {
    static let fieldNotes: [String: FieldNote] = [
        "task_id": .says("One node's part in one region of the script, or in what runs outside of them."),
        "total_active_time": .rule(.number(0...Double.greatestFiniteMagnitude), "Seconds."),
        "avg_memory_bytes": .rule(.bytesCount, "Over the active time."), "chunks": .says("Accepted results."),
    ]
}

extension PaymentView: NotedFields {
    static let fieldNotes: [String: FieldNote] = [
        "amount": .says("So far; final once it is paid."), "payment_date": .moment,
        "num_of_tasks": .says("All of them; `tasks` is a page."),
        "next_cursor": .says("`cursor` of the next page; nothing on the last."),
    ]
}

extension GroupPaymentView: NotedFields {
    static let fieldNotes: [String: FieldNote] = ["payment_date": .moment]
}

extension StatisticsView: NotedFields {
    static let fieldNotes: [String: FieldNote] = [
        "earnings": .says("Of all nodes."), "chunks": .says("Accepted results, those of whole scripts among them."),
    ]
}
