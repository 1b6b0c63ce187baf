import PostgreSQL

/// Where the database is, by the names that the original system used.
enum DatabaseSettings {
    /// nil when no database is configured.
    /// - Throws: `CommandError` when what is configured is incomplete.
    static func read(_ settings: Settings) throws -> ConnectionConfiguration? {
        guard let host = settings.text("db.host") else { return nil }
        guard let user = settings.text("db.user"), let name = settings.text("db.name") else {
            throw CommandError.usage("DB_HOST is set, so DB_USER and DB_NAME are needed too")
        }
        return ConnectionConfiguration(
            host: host, port: try settings.integer("db.port", in: 1...65_535, default: 5432), database: name,
            user: user, password: try settings.secret("db.password", minimumLength: 1))
    }
}
