import RunSurgeCore

extension SubmissionView: NotedFields {
    static let fieldNotes: [String: FieldNote] = [
        "name": .rule(.plain(1...Limits.nameBytes), "Nothing: the script's."),
        "script_argument": .rule(.plain(0...Limits.pathBytes), "The script as the user named it: its `sys.argv[0]`."),
        "arguments": .rule(.array(.plain(), count: 0...Limits.argumentBytes)),
        "working_directory": .rule(.plain(1...Limits.pathBytes), "Absolute."),
        "hash_seed": .rule(SubmissionForm.hashSeed),
        "min_split_seconds": .rule(SubmissionForm.seconds), "chunk_records": .rule(SubmissionForm.records),
        "priority": .rule(SubmissionForm.priority, "More is earlier."),
        "plan_only": .says("Answers the plan that the job would get, and creates nothing."),
    ]
}

extension SubmissionView.Content: NotedFields {
    static let fieldNotes: [String: FieldNote] = [
        "part": .says("The name of a part of the same request; else a blob that is there already is named."),
        "sha256": .rule(.sha256), "size": .bytes,
        "receipt": .says("What `PUT /api/blob/{sha256}` answered; not needed for blobs of the caller's own jobs."),
    ]
}

extension SubmissionView.File: NotedFields {
    static let fieldNotes: [String: FieldNote] = [
        "path": .rule(.plain(1...Limits.pathBytes), "Absolute."),
        "mode": .says("Permission bits, with S_IFDIR for a folder, whose content is not looked at."),
        "modified_nanoseconds": .says("Since 1970-01-01 UTC."),
    ]
}
