import RunSurgeCore

extension GroupView: NotedFields {
    static let fieldNotes: [String: FieldNote] = [
        "created_at": .moment, "finished_at": .moment,
        "payment_amount": .says("So far, with the jobs that were replaced and the aggregator."),
        "failure": .says("Why it failed."),
        "aggregation_job_id": .says("The job that runs the aggregator; nothing before it was begun."),
        "findings": .says("What the scan of the code had to say; shown once, and then by each job."),
    ]
}

extension GroupMemberView: NotedFields {
    static let fieldNotes: [String: FieldNote] = [
        "input_file_name": .says("Of its archive, as its uploader calls it."),
        "number": .says("From 1; a member that is retried keeps it."),
        "required_ram": .bytes,
        "exit_status": .says("As a shell reports it; nothing until the script has ended."),
        "failure": .says("Why RunSurge could not run it to its end."),
    ]
}

extension GroupCancellationView: NotedFields {
    static let fieldNotes: [String: FieldNote] = ["success": .says("False: the group had ended already.")]
}

extension PieceView: NotedFields {
    static let fieldNotes: [String: FieldNote] = ["data_chunk_index": .says("From 0.")]
}
