import PostgreSQL

/// The partitions that are needed next, made by one process at a time: masters of a database start side by side.
enum Partitions {
    /// For one pipeline. 1381191764 is "RSPT".
    static let ofAttempts = [
        Statement("SELECT pg_advisory_xact_lock(1381191764, 'attempt'::regclass::oid::int4)"),
        Statement("SELECT extend_attempts()"),
    ]
}
