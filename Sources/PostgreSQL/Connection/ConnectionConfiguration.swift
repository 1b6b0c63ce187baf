/// Where and how to connect.
public struct ConnectionConfiguration: Sendable {
    /// A host name or address, or the folder of a Unix socket when it begins with `/`.
    public var host: String
    public var port: Int
    public var database: String
    public var user: String
    /// Never printed.
    public var password: String?
    public var applicationName: String
    /// libpq's `sslmode`: disable, allow, prefer, require, verify-ca, verify-full.
    public var sslMode: String
    /// From the first packet to a usable session.
    public var connectTimeout: Duration
    /// The server cancels a statement that runs longer; `.zero` never.
    public var statementTimeout: Duration
    /// The server ends a session that idles in a transaction for longer; `.zero` never.
    public var idleInTransactionTimeout: Duration
    /// Prepared statements kept by a connection; the least recently used goes first. 1 or more.
    public var preparedStatementLimit: Int
    /// Further server settings by name (`["search_path": "test_1"]`). Names and values must not hold secrets.
    public var settings: [String: String]

    public init(
        host: String, port: Int = 5432, database: String, user: String, password: String? = nil,
        applicationName: String = "runsurge", sslMode: String = "prefer", connectTimeout: Duration = .seconds(5),
        statementTimeout: Duration = .seconds(30), idleInTransactionTimeout: Duration = .seconds(60),
        preparedStatementLimit: Int = 256, settings: [String: String] = [:]
    ) {
        self.host = host
        self.port = port
        self.database = database
        self.user = user
        self.password = password
        self.applicationName = applicationName
        self.sslMode = sslMode
        self.connectTimeout = connectTimeout
        self.statementTimeout = statementTimeout
        self.idleInTransactionTimeout = idleInTransactionTimeout
        self.preparedStatementLimit = max(1, preparedStatementLimit)
        self.settings = settings
    }

    var libpqParameters: [(String, String)] {
        var parameters = [
            ("host", host), ("port", String(port)), ("dbname", database), ("user", user),
            ("application_name", applicationName), ("client_encoding", "UTF8"), ("sslmode", sslMode),
            ("options", serverOptions), ("gssencmode", "disable"),
            // A peer that vanished is noticed within about 20 seconds.
            ("keepalives_idle", "10"), ("keepalives_interval", "3"), ("keepalives_count", "3"),
            ("tcp_user_timeout", "20000"),
        ]
        if let password { parameters.append(("password", password)) }
        return parameters
    }

    private var serverOptions: String {
        var all = settings
        all["statement_timeout"] = String(statementTimeout.wholeMilliseconds)
        all["idle_in_transaction_session_timeout"] = String(idleInTransactionTimeout.wholeMilliseconds)
        return all.sorted { $0.key < $1.key }
            .map { "-c \($0.key)=\(Self.escapeOption($0.value))" }
            .joined(separator: " ")
    }

    /// Spaces and backslashes separate options unless escaped.
    private static func escapeOption(_ value: String) -> String {
        String(value.flatMap { $0 == " " || $0 == "\\" ? ["\\", $0] : [$0] })
    }
}

extension ConnectionConfiguration: CustomStringConvertible, CustomReflectable {
    public var description: String { "\(user)@\(host):\(port)/\(database)" }

    /// Without the password.
    public var customMirror: Mirror {
        Mirror(self, children: ["host": host, "port": port, "database": database, "user": user])
    }
}

extension Duration {
    /// Rounded up, so that a timeout does not become "none".
    var wholeMilliseconds: Int64 {
        let parts = components
        return parts.seconds * 1000 + (parts.attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    }
}
