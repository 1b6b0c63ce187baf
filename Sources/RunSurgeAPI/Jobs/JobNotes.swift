import RunSurgeCore

extension JobView: NotedFields {
    static let fieldNotes: [String: FieldNote] = [
        "created_at": .moment, "started_at": .moment, "finished_at": .moment,
        "input_file_name": .says("As its uploader calls it."),
        "payment_amount": .says("So far; a unit is 100 MiB kept busy for a minute on a usual node."),
        "group_id": .says("The group that it belongs to, or belonged to."),
        "findings": .says("What the scan of its code had to say."),
        "exit_status": .says("As a shell reports it; nothing until the script has ended."),
        "failure": .says("Why RunSurge could not run it to its end."),
    ]
}

extension ScanFinding: NotedFields {
    static let fieldNotes: [String: FieldNote] = [
        "rule": .says("Its id in the operator's file of rules."),
        "message": .says("What is there and what it does."),
        "path": .says("Of the script or a module of its own."), "line": .says("From 1."),
        "column": .says("From 1, in bytes of UTF-8."),
    ]
}

extension JobListView: NotedFields {
    static let fieldNotes: [String: FieldNote] = [
        "next_before": .says("`before` of the next page; nothing on the last."),
        "next_cursor": .says("`cursor` of the next page; nothing on the last."),
    ]
}

extension CancellationView: NotedFields {
    static let fieldNotes: [String: FieldNote] = ["success": .says("False: the job had ended already.")]
}

extension RegionView: NotedFields {
    static let fieldNotes: [String: FieldNote] = ["predicted_peak_bytes": .bytes, "measured_peak_bytes": .bytes]
}

extension ChunkView: NotedFields {
    static let fieldNotes: [String: FieldNote] = [
        "chunk_index": .says("From 0, in its region."), "reason": .says("Why it is not completed."),
        "peak_memory_bytes": .bytes,
    ]
}

extension ChunkListView: NotedFields {
    static let fieldNotes: [String: FieldNote] = [
        "next_cursor": .says("`cursor` of the next page; nothing on the last.")
    ]
}

extension OutputView: NotedFields {
    static let fieldNotes: [String: FieldNote] = [
        "path": .says("Relative to the job's working directory."), "sha256": .rule(.sha256), "size": .bytes,
        "mode": .says("Permission bits, with S_IFDIR for a folder."),
        "modified_nanoseconds": .says("Since 1970-01-01 UTC."),
    ]
}

extension OutputListView: NotedFields {
    static let fieldNotes: [String: FieldNote] = [
        "deleted": .says("Inputs that the script removed, relative to the working directory.")
    ]
}

extension BlobReference: NotedFields {
    static let fieldNotes: [String: FieldNote] = ["sha256": .rule(.sha256), "size": .bytes]
}
