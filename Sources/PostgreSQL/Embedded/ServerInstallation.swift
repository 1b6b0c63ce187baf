import Glibc

/// A PostgreSQL server that is installed on this machine.
struct ServerInstallation: Sendable, Equatable {
    static let oldestVersion = 15

    /// The folder of `postgres` and `initdb`.
    let binaries: String
    let majorVersion: Int

    var postgres: String { "\(binaries)/postgres" }
    var initdb: String { "\(binaries)/initdb" }

    /// The installation that suits a cluster of `version`, or the first that is new enough for a fresh one (nil).
    /// Blocks. Throws `.embeddedServer` with what to install.
    static func find(
        version: Int?, among folders: [String]? = nil
    ) throws(PostgreSQLError) -> ServerInstallation {
        var found: [ServerInstallation] = []
        for folder in folders ?? usualFolders() {
            guard let installation = inspect(folder) else { continue }
            let isWanted =
                version.map { $0 == installation.majorVersion } ?? (installation.majorVersion >= oldestVersion)
            if isWanted { return installation }
            found.append(installation)
        }
        throw missing(version: version, found: found.map(\.majorVersion).max())
    }

    private static func missing(version: Int?, found: Int?) -> PostgreSQLError {
        let sentence: String
        switch (version, found) {
        case (let version?, _):
            sentence =
                "The database was made by PostgreSQL \(version), which is not installed"
                + "\(found.map { " (version \($0) is)" } ?? ""): run `apt-get install postgresql-\(version)`,"
                + " or choose an empty data folder."
        case (nil, let found?):
            sentence =
                "PostgreSQL \(found) is installed, but version \(oldestVersion) or later is needed:"
                + " run `apt-get install postgresql`, or configure a database server."
        case (nil, nil):
            sentence =
                "PostgreSQL's server is not installed: run `apt-get install postgresql`,"
                + " or configure a database server."
        }
        return PostgreSQLError(kind: .embeddedServer, message: sentence)
    }

    /// What `pg_config` says, the usual places with the newest version first, then the search path.
    private static func usualFolders() -> [String] {
        let search = getenv("PATH").map { String(cString: $0).split(separator: ":").map(String.init) } ?? []
        var folders: [String] = []
        let tools = search.map { (folder: String) -> String in "\(folder)/pg_config" }
        if let tool = tools.first(where: { access($0, X_OK) == 0 }),
            let answer = ServerProcess.capture(tool, ["--bindir"])
        {
            folders.append(answer)
        }
        for parent in ["/usr/lib/postgresql", "/usr/local/lib/postgresql", "/opt/postgresql"] {
            let versions = FileTree.names(in: parent).compactMap { Int($0) }.sorted(by: >)
            folders += versions.map { "\(parent)/\($0)/bin" }
        }
        let packages = FileTree.names(in: "/usr").filter { $0.hasPrefix("pgsql-") }.sorted(by: >)
        folders += packages.map { "/usr/\($0)/bin" }
        folders += ["/usr/local/pgsql/bin"] + search
        return folders
    }

    private static func inspect(_ folder: String) -> ServerInstallation? {
        guard access("\(folder)/postgres", X_OK) == 0, access("\(folder)/initdb", X_OK) == 0 else { return nil }
        // "postgres (PostgreSQL) 15.4", "… 17beta1"
        guard let answer = ServerProcess.capture("\(folder)/postgres", ["--version"]),
            let version = answer.split(separator: " ").first(where: { $0.first?.isNumber == true }),
            let major = Int(version.prefix { $0.isNumber })
        else { return nil }
        return ServerInstallation(binaries: folder, majorVersion: major)
    }
}
