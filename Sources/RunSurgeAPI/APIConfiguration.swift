public import Foundation
public import RunSurgeCore

/// How the REST facade is served. Made once at start; secrets in it are never logged.
public struct APIConfiguration: Sendable {
    /// The one algorithm that access tokens are signed and checked with.
    public enum Algorithm: String, Sendable, CaseIterable {
        case hs256 = "HS256"
        case hs384 = "HS384"
        case hs512 = "HS512"
    }

    /// A token for the operator of a local cluster, as good as a login of `user`.
    public struct OperatorToken: Sendable {
        public let token: String
        public let user: User

        public init(token: String, user: User) {
            self.token = token
            self.user = user
        }
    }

    /// Cost of a stored password: 128 × `rounds` × `blockSize` bytes and `parallelism` times the work.
    public struct PasswordCost: Sendable, Equatable {
        /// A power of two.
        public var rounds: Int
        public var blockSize: Int
        public var parallelism: Int

        public init(rounds: Int = 1 << 15, blockSize: Int = 8, parallelism: Int = 3) {
            self.rounds = rounds
            self.blockSize = blockSize
            self.parallelism = parallelism
        }
    }

    /// Where the pages `/docs` and `/redoc` get Swagger UI and ReDoc from.
    public enum DocumentAssets: Sendable {
        /// Has the files, or folders with them, such as an installed PyPI package.
        case folder(String)
        /// Has the files right below it.
        case url(URL)
    }

    public var host = "127.0.0.1"
    /// 0: any free port.
    public var port = 8000
    /// Signs access tokens and upload receipts. At least 32 bytes.
    public var secret: String
    public var algorithm = Algorithm.hs256
    public var accessTokenLifetime = Duration.seconds(60 * 60)
    public var refreshTokenLifetime = Duration.seconds(7 * 24 * 60 * 60)
    public var passwordCost = PasswordCost()
    /// Cookies are sent over TLS only; set when the facade is reached by https.
    public var areCookiesSecure = false
    /// Origins that browsers may call from with credentials, such as `https://app.example`; empty: none.
    public var allowedOrigins: [String] = []
    /// The address of a caller is the last one in X-Forwarded-For. Only behind a proxy that sets it.
    public var isBehindProxy = false
    /// Whether a token is one that a master has given to an attached worker: it reads and writes any blob.
    public var isBlobPass: @Sendable (String) -> Bool = { _ in false }
    /// Where the master of this process listens; nil: it does not lead.
    public var linkEndpoints: @Sendable () async -> LinkEndpoints? = { nil }
    public var operatorToken: OperatorToken?
    /// A connection that sends nothing while a request of it is expected is closed after this time.
    public var idleTimeout = Duration.seconds(60)
    /// A connection that takes nothing while an answer waits is closed after this time.
    public var stalledWriteTimeout = Duration.seconds(120)
    public var maximumConnections = 1_024
    /// Uploads that are read at the same time; further ones wait for their turn.
    public var concurrentUploads = 32
    /// What `/metrics` shows; nil: there is no such route.
    public var metrics: PrometheusRegistry?
    /// Shown by `/healthz` and `/readyz`; nil: this process has no master.
    public var role: (@Sendable () -> MasterRoleView)?
    /// Since the clock of the master of this process last ticked, nil while it does not lead; for `/healthz`.
    public var masterSilence: @Sendable () -> Duration? = { nil }
    /// What `/api/cluster` tells; nil: this process has no master.
    public var cluster: (@Sendable () -> ClusterView)?
    /// Reads `/metrics` from elsewhere than this machine, and nothing else; nil: only the operator's token does.
    public var metricsToken: String?
    /// nil: the pages say what to install.
    public var documentAssets: DocumentAssets?
    /// How often a follower of a log looks by itself, beside being woken.
    public var followInterval = Duration.seconds(5)

    /// How often a stream of events that is silent says that it lives.
    public var eventHeartbeat = Duration.seconds(15)

    public init(secret: String) { self.secret = secret }
}
