public import Logging
import PostgreSQL
public import RunSurgeCore

/// The truth: PostgreSQL behind the ports of the core.
///
/// All its ports may be used concurrently. While the database is away they repeat what they do, for the time that the
/// configuration says, and throw `PostgreSQLError` after that.
public struct Store: Sendable {
    let database: Database
    private let connection: ConnectionConfiguration
    private let overviews: CombinedReads<OwnedJob, JobOverview>

    private init(database: Database, connection: ConnectionConfiguration) {
        self.database = database
        self.connection = connection
        let facts = JobOverviewRow.KnownFacts { text, _ in text.utf8.count <= 16 << 10 }
        overviews = CombinedReads { try await OwnedJob.read($0, facts, from: database) }
    }

    /// Brings the schema up to date and opens the pool.
    ///
    /// - Throws: `PostgreSQLError`; kind `.migration` when the schema is newer than this program.
    public static func open(
        _ configuration: StoreConfiguration, logger: Logger = Logger(label: "runsurge.store")
    ) async throws -> Store {
        let channel = try await prepare(configuration, logger: logger)
        let pool = Pool(
            configuration.connection,
            configuration: PoolConfiguration(
                minimumConnections: min(2, configuration.connections), maximumConnections: configuration.connections,
                maximumBackoff: .milliseconds(500)),
            logger: logger)
        await pool.start()
        let wakeups = Wakeups(configuration.connection, channel: channel, pool: pool, logger: logger)
        await wakeups.start()
        return Store(
            database: Database(pool: pool, wakeups: wakeups, patience: configuration.patience, logger: logger),
            connection: configuration.connection)
    }

    public var accounts: some AccountStore { AccountRepository(database: database) }
    public var access: some AccessStore { AccessRepository(database: database) }
    public var jobs: some JobStore { JobRepository(database: database, reads: overviews) }
    public var groups: some GroupStore { GroupRepository(database: database) }
    public var aggregation: some AggregationStore { AggregationRepository(database: database) }
    public var uploads: some UploadStore { UploadRepository(database: database) }
    public var events: some EventStore { EventRepository(database: database) }
    public var usage: some UsageStore { UsageRepository(database: database) }
    public var idempotency: some IdempotencyStore { IdempotencyRepository(database: database) }
    public var enrolment: some EnrolmentStore { EnrolmentRepository(database: database) }
    public var dispatch: some DispatchStore { DispatchRepository(database: database) }

    /// To be led before `beginTerm` where several masters share a database.
    public var election: some LeaderElection { LeadershipElection(connection: connection) }

    /// Connections to the database, those of them that are idle, and tasks that wait for one.
    public var poolStatistics: (connections: Int, idle: Int, waiting: Int) {
        get async { await database.pool.statistics }
    }

    /// Waits for what is being done, and closes all connections. Idempotent.
    public func close() async {
        await database.wakeups.stop()
        await database.pool.close()
    }

    /// Returns the channel of the schema's notifications.
    private static func prepare(_ configuration: StoreConfiguration, logger: Logger) async throws -> String {
        let connection = try await connect(configuration)
        do {
            try await Migrator(Schema.migrations, logger: logger).migrate(connection)
            _ = try await connection.pipeline(Partitions.all)
            let schema = try await connection.query("SELECT current_schema()")[0].string(0)
            await connection.close()
            return "runsurge_\(schema.prefix(50))"
        } catch {
            await connection.close()
            throw error
        }
    }

    /// A database that starts beside this program may take a while.
    private static func connect(_ configuration: StoreConfiguration) async throws -> Connection {
        let start = ContinuousClock.now
        while true {
            do throws(PostgreSQLError) {
                return try await Connection.connect(configuration.connection)
            } catch {
                guard error.isRetriable, ContinuousClock.now - start < configuration.patience else { throw error }
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}
