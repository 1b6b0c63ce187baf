import PostgreSQL

/// The partitions that are needed next, made by one process at a time: masters of a database start side by side.
enum Partitions {
    /// First in a pipeline, as a statement of its own: within one, a name that was looked up before the lock was had
    /// would be taken for free still. 1381191764 is "RSPT".
    static let lock = Statement("SELECT pg_advisory_xact_lock(1381191764, 'attempt'::regclass::oid::int4)")
    /// For one pipeline.
    static let ofAttempts = [lock, Statement("SELECT extend_attempts()")]
    static let all = ofAttempts + [Statement("SELECT extend_node_log()")]
}
