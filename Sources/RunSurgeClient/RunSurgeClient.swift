import Foundation
import NIOCore
public import RunSurgeCore

/// Everything that the command line asks of a master. Safe to use from many tasks; holds no connection of its own,
/// so there is nothing to shut down.
///
/// Every method throws `ClientError`. Calls that may be repeated are repeated with growing pauses, for some seconds.
public struct RunSurgeClient: Sendable {
    let transport: Transport

    /// - Parameters:
    ///   - url: such as `http://127.0.0.1:8000`; several, with commas, when masters stand by: the first that answers is
    ///     used.
    ///   - token: an access token or the operator's.
    ///   - refreshToken: used by itself when the access token has expired.
    ///   - onRefresh: told the new tokens, to keep them.
    public init(
        url: String, token: String? = nil, refreshToken: String? = nil,
        onRefresh: @escaping @Sendable (TokensView) async -> Void = { _ in }
    ) {
        transport = Transport(
            url: url, credentials: Credentials(accessToken: token, refreshToken: refreshToken, onChange: onRefresh))
    }

    /// Of the master in use.
    public var url: String { transport.url }
}

// Accounts
extension RunSurgeClient {
    /// The client speaks for the new user from now on.
    public func register(username: String, email: String, password: String) async throws -> SessionView {
        try await begin("/api/auth/register", RegistrationRequest(username: username, email: email, password: password))
    }

    /// The client speaks for this user from now on.
    public func login(usernameOrEmail: String, password: String) async throws -> SessionView {
        try await begin("/api/auth/login", LoginRequest(usernameOrEmail: usernameOrEmail, password: password))
    }

    /// Exchanges a refresh token; the old one is spent.
    public func refresh(_ refreshToken: String) async throws -> TokensView {
        let tokens = try await transport.exchange(refreshToken: refreshToken)
        await transport.credentials.set(accessToken: tokens.accessToken, refreshToken: tokens.refreshToken)
        return tokens
    }

    /// Revokes the refresh token and all that descend from the same login.
    public func logout(refreshToken: String?) async throws {
        let call = try Transport.Call.json(.POST, "/api/auth/logout", RefreshRequest(refreshToken: refreshToken))
        let _: MessageView = try await transport.json(call)
        await transport.credentials.set(accessToken: nil, refreshToken: nil)
    }

    /// nil when the master does not know who this is.
    public func whoami() async throws -> UserView? {
        let path = "/api/users/me"
        let answer: IdentityView = try await transport.json(Transport.Call(.GET, path))
        if answer.user != nil { return answer.user }
        // This route never answers 401, which is what makes other calls renew their token.
        let rejected = await transport.credentials.accessToken
        guard try await transport.credentials.renewed(after: rejected, using: transport.exchange) != nil else {
            return nil
        }
        let second: IdentityView = try await transport.json(Transport.Call(.GET, path))
        return second.user
    }

    private func begin(_ path: String, _ form: some Encodable) async throws -> SessionView {
        var call = try Transport.Call.json(.POST, path, form)
        call.isAuthorized = false
        let session: SessionView = try await transport.json(call)
        await transport.credentials.set(accessToken: session.accessToken, refreshToken: session.refreshToken)
        return session
    }
}

// Jobs
extension RunSurgeClient {
    /// Sends the script with its files. The job is durable when this returns. Memory does not grow with the files.
    public func submit(_ submission: Submission) async throws -> JobView {
        try await SubmissionUpload(transport: transport).send(submission)
    }

    /// One page of the caller's jobs, newest first.
    /// - Parameter limit: 1 ... 1000
    public func jobs(before: JobID? = nil, limit: Int = 100) async throws -> JobListView {
        let query = before.map { "&before=\($0)" } ?? ""
        return try await transport.json(Transport.Call(.GET, "/api/users/jobs?limit=\(limit)\(query)"))
    }

    public func job(_ id: JobID) async throws -> JobView {
        try await transport.json(Transport.Call(.GET, "/api/job/\(id)"))
    }

    /// Returns when the job has ended, by asking again and again.
    public func waitForEnd(of id: JobID) async throws -> JobView {
        var pause = Duration.milliseconds(50)
        while true {
            let view = try await job(id)
            if view.status.isFinal { return view }
            try await Task.sleep(for: pause)
            pause = min(pause * 1.5, .seconds(2))
        }
    }

    /// The analyser's plan, JSON.
    public func plan(_ id: JobID) async throws -> [UInt8] {
        try await transport.bytes(Transport.Call(.GET, "/api/job/\(id)/plan"))
    }

    public func regions(_ id: JobID) async throws -> [RegionView] {
        let list: RegionListView = try await transport.json(Transport.Call(.GET, "/api/job/\(id)/regions"))
        return list.regions
    }

    /// A stream of the script's, from `offset` bytes on. Pulled as it is read. When it follows, it ends with the job
    /// and survives a restart of the master.
    public func logs(
        _ id: JobID, stream: LogStream, offset: Int64 = 0, follow: Bool = false
    ) -> AsyncThrowingStream<[UInt8], any Error> {
        let follower = LogFollower(
            transport: transport, job: id, stream: stream, offset: offset, isFollowing: follow)
        return AsyncThrowingStream { try await follower.next() }
    }

    /// What the job left behind; refused until it has ended.
    public func outputs(_ id: JobID) async throws -> OutputListView {
        try await transport.json(Transport.Call(.GET, "/api/job/\(id)/outputs"))
    }

    /// Saves one output at `path` with its mode and time. It appears there only when it is complete and its SHA-256
    /// is right; the folder above it must exist. An output that is a folder is made, unless it is there.
    public func download(_ output: OutputView, of id: JobID, to path: String) async throws {
        if output.isDirectory { return try await LocalFile.makeFolder(at: path, mode: output.mode) }
        let name = output.path.split(separator: "/").map(Self.percentEncoded).joined(separator: "/")
        let pieces = transfer.read(
            at: "/api/job/\(id)/outputs/\(name)", expecting: output.blob, range: 0..<output.size)
        try await Download.save(
            pieces, to: path, mode: output.mode, modifiedNanoseconds: output.modifiedNanoseconds)
    }

    /// The bytes of a blob of the caller's jobs, such as a job's standard output; checked at the end.
    public func read(_ blob: BlobReference) -> AsyncThrowingStream<[UInt8], any Error> {
        transfer.read(blob, range: 0..<blob.size)
    }

    /// The run report, JSON.
    public func report(_ id: JobID) async throws -> [UInt8] {
        try await transport.bytes(Transport.Call(.GET, "/api/job/\(id)/report"))
    }

    public func cancel(_ id: JobID) async throws -> CancellationView {
        try await transport.json(Transport.Call(.DELETE, "/api/job/\(id)"))
    }

    public func nodes() async throws -> [NodeView] {
        try await transport.json(Transport.Call(.GET, "/api/node/"))
    }

    /// One page of a node's history, newest first.
    /// - Parameters:
    ///   - before: microseconds since 1970, the last page's `nextBefore`.
    ///   - limit: 1 ... 1000
    public func nodeLog(_ id: NodeID, before: Int64? = nil, limit: Int = 100) async throws -> NodeLogView {
        let query = before.map { "&before=\($0)" } ?? ""
        return try await transport.json(Transport.Call(.GET, "/api/node/\(id)/log?limit=\(limit)\(query)"))
    }

    /// Where the master's sockets are.
    public func cluster() async throws -> ClusterView {
        try await transport.json(Transport.Call(.GET, "/api/cluster"))
    }

    /// Lets a node take nothing more, or work again. What it runs may end.
    public func setDraining(_ node: NodeID, to isDraining: Bool) async throws -> MessageView {
        var call = Transport.Call(.POST, "/api/node/\(node)/\(isDraining ? "drain" : "undrain")")
        call.isIdempotent = true
        return try await transport.json(call)
    }

    /// Gives a user another role; for administrators.
    public func setRole(_ role: UserRole, of username: String) async throws -> AdministeredUserView {
        var call = try Transport.Call.json(
            .PUT, "/api/admin/roles/\(Self.percentEncoded(username[...]))", RoleRequest(role: role))
        call.isIdempotent = true
        return try await transport.json(call)
    }

    private var transfer: BlobTransfer { BlobTransfer(transport: transport, namesSize: false) }

    private static func percentEncoded(_ component: Substring) -> String {
        var allowed = CharacterSet.alphanumerics.intersection(CharacterSet(charactersIn: "\0"..."~"))
        allowed.insert(charactersIn: "-._~")
        return component.addingPercentEncoding(withAllowedCharacters: allowed) ?? String(component)
    }
}
