import Glibc

/// The settings of an embedded server, passed on its command line so that they are always this program's.
enum ServerSettings {
    static func arguments(cluster: String, socketFolder: String, memory: Int = physicalMemory()) -> [String] {
        let settings = [
            ("listen_addresses", ""),
            ("unix_socket_directories", socketFolder),
            ("unix_socket_permissions", "0700"),
            ("port", "5432"),
            ("max_connections", "200"),
            ("shared_buffers", "\(max(32, min(512, memory / (32 << 20))))MB"),
            ("work_mem", "16MB"),
            ("maintenance_work_mem", "64MB"),
            // Nobody replicates a private server: less is logged.
            ("wal_level", "minimal"),
            ("max_wal_senders", "0"),
            ("max_logical_replication_workers", "0"),
            ("max_wal_size", "1GB"),
            ("wal_compression", "on"),
            ("checkpoint_timeout", "15min"),
            ("checkpoint_completion_target", "0.9"),
            // Work comes in short statements: parallel workers and compiled plans cost more than they give, and
            // parallel workers need room in a container's small /dev/shm.
            ("max_parallel_workers_per_gather", "0"),
            ("max_parallel_maintenance_workers", "0"),
            ("jit", "off"),
            ("random_page_cost", "1.1"),
            ("autovacuum_naptime", "15s"),
            ("autovacuum_vacuum_cost_delay", "1ms"),
            ("huge_pages", "off"),
            ("timezone", "UTC"),
            ("log_timezone", "UTC"),
            ("log_checkpoints", "off"),
            ("log_min_messages", "warning"),
            ("log_min_error_statement", "panic"),
            ("logging_collector", "off"),
        ]
        return ["-D", cluster] + settings.flatMap { ["-c", "\($0.0)=\($0.1)"] }
    }

    /// Bytes.
    static func physicalMemory() -> Int { sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)) }
}
