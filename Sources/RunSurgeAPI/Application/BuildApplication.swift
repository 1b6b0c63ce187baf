public import Hummingbird
public import Logging
import NIOCore
import RunSurgeCore

/// The REST facade as an application that is not running yet; nothing is opened or started here.
///
/// - Parameter onServerRunning: told the port once the server listens.
public func buildApplication(
    _ configuration: APIConfiguration, _ ports: FacadePorts, logger: Logger,
    onServerRunning: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
) async -> some ApplicationProtocol {
    let hub = ports.platform.map {
        EventHub(events: $0.events, heartbeat: configuration.eventHeartbeat, logger: logger)
    }
    let router = await buildRouter(configuration, ports, hub)
    let stalledWriteTimeout = configuration.stalledWriteTimeout
    return Application(
        responder: MeasuredResponder(router.buildResponder(), isMeasuring: configuration.metrics != nil),
        server: .http1(
            configuration: .init(
                additionalChannelHandlers: [ConnectionGuard(stalledWriteTimeout: stalledWriteTimeout)],
                idleTimeout: TimeAmount(configuration.idleTimeout))),
        configuration: ApplicationConfiguration(
            address: .hostname(configuration.host, port: configuration.port), serverName: "RunSurge",
            availableConnectionsDelegate: .maximum(configuration.maximumConnections, logger: logger)),
        onServerRunning: { channel in await onServerRunning(channel.localAddress?.port ?? 0) },
        logger: logger)
}

private func buildRouter(
    _ configuration: APIConfiguration, _ ports: FacadePorts, _ hub: EventHub?
) async -> Router<APIRequestContext> {
    let accessTokens = await AccessTokens(
        secret: configuration.secret, algorithm: configuration.algorithm, lifetime: configuration.accessTokenLifetime)
    let limiter = LoginLimiter()

    let router = Router(context: APIRequestContext.self, options: .autoGenerateHeadEndpoints)
    router.add(middleware: CrossOriginMiddleware(allowedOrigins: Set(configuration.allowedOrigins)))
    router.add(middleware: ErrorMiddleware())
    router.add(
        middleware: Authenticator(
            tokens: accessTokens, access: ports.platform?.access,
            isBlobPass: configuration.isBlobPass, operatorToken: configuration.operatorToken))
    let quota = QuotaCheck(access: ports.platform?.access, jobs: ports.jobs)
    let endpoints =
        accountEndpoints(configuration, ports, accessTokens, limiter)
        + accessEndpoints(configuration, ports)
        + jobEndpoints(configuration, ports, quota)
        + machineEndpoints(configuration, ports, limiter)
        + usageEndpoints(configuration, ports)
        + eventEndpoints(configuration, ports, hub)
    let table = EndpointTable(
        endpoints: endpoints + DocumentRoutes(of: endpoints, assets: configuration.documentAssets).endpoints)
    router.add(middleware: MethodMiddleware(table: table))
    table.add(to: router)
    return router
}

private func accountEndpoints(
    _ configuration: APIConfiguration, _ ports: FacadePorts, _ accessTokens: AccessTokens, _ limiter: LoginLimiter
) -> [Endpoint] {
    AuthenticationRoutes(
        accounts: ports.accounts, access: ports.platform?.access, accessTokens: accessTokens,
        refreshTokens: RefreshTokens(accounts: ports.accounts, lifetime: configuration.refreshTokenLifetime),
        hasher: PasswordHasher(cost: configuration.passwordCost), limiter: limiter,
        cookies: SessionCookies(
            isSecure: configuration.areCookiesSecure, accessLifetime: configuration.accessTokenLifetime,
            refreshLifetime: configuration.refreshTokenLifetime),
        isBehindProxy: configuration.isBehindProxy
    ).endpoints
}

private func accessEndpoints(_ configuration: APIConfiguration, _ ports: FacadePorts) -> [Endpoint] {
    guard let access = ports.platform?.access else { return [] }
    let pages = Pages(secret: configuration.secret)
    return SessionRoutes(access: access, pages: pages, isBehindProxy: configuration.isBehindProxy).endpoints
        + TokenRoutes(access: access, pages: pages, isBehindProxy: configuration.isBehindProxy).endpoints
        + AdministrationRoutes(accounts: ports.accounts, access: access, pages: pages).endpoints
}

private func jobEndpoints(
    _ configuration: APIConfiguration, _ ports: FacadePorts, _ quota: QuotaCheck
) -> [Endpoint] {
    let (jobs, blobs) = (ports.jobs, ports.blobs)
    let receipts = UploadReceipts(secret: configuration.secret)
    // Those that wait hold a connection each, which bounds them.
    let uploads = UploadTurns(configuration.concurrentUploads, waiting: configuration.maximumConnections)
    let once = IdempotentAnswers(store: ports.platform?.idempotency)
    let code = ports.platform.map { CodeIntake(inspecting: $0.code) }
    let pages = Pages(secret: configuration.secret)
    let platform = ports.platform.map { platformEndpoints($0, ports, pages, uploads, quota, once) } ?? []
    return SubmissionRoutes(
        jobs: jobs, blobs: blobs, receipts: receipts, uploads: uploads, quota: quota, code: code, once: once
    ).endpoints
        + JobRoutes(jobs: jobs, pages: pages).endpoints
        + OutputRoutes(jobs: jobs, blobs: BlobResponse(blobs: blobs), followInterval: configuration.followInterval)
        .endpoints
        + BlobRoutes(jobs: jobs, blobs: blobs, receipts: receipts, uploads: uploads, quota: quota).endpoints
        + platform
}

/// Simple jobs, groups and results.
private func platformEndpoints(
    _ platform: FacadePorts.Platform, _ ports: FacadePorts, _ pages: Pages, _ uploads: UploadTurns,
    _ quota: QuotaCheck, _ once: IdempotentAnswers
) -> [Endpoint] {
    let (jobs, blobs) = (ports.jobs, ports.blobs)
    let code = CodeIntake(inspecting: platform.code)
    let pieces = PieceIntake(
        uploads: platform.uploads, starting: platform.starting, blobs: blobs, turns: uploads, quota: quota,
        once: once)
    return SimpleJobRoutes(jobs: jobs, blobs: blobs, code: code, pieces: pieces, quota: quota, once: once).endpoints
        + ResultRoutes(jobs: jobs, blobs: BlobResponse(blobs: blobs), packing: platform.packing).endpoints
        + GroupIntakeRoutes(
            groups: platform.groups, jobs: jobs, blobs: blobs, code: code, pieces: pieces, quota: quota, once: once
        ).endpoints
        + GroupRoutes(
            groups: platform.groups, usage: platform.usage, blobs: BlobResponse(blobs: blobs), pages: pages
        ).endpoints
}

private func eventEndpoints(
    _ configuration: APIConfiguration, _ ports: FacadePorts, _ hub: EventHub?
) -> [Endpoint] {
    guard let platform = ports.platform, let hub else { return [] }
    // The rest is for requests that end.
    let streams = configuration.maximumConnections / 4 * 3
    return EventRoutes(
        jobs: ports.jobs, groups: platform.groups, events: platform.events, hub: hub, streams: streams
    ).endpoints
}

private func usageEndpoints(_ configuration: APIConfiguration, _ ports: FacadePorts) -> [Endpoint] {
    guard let platform = ports.platform else { return [] }
    let pages = Pages(secret: configuration.secret)
    let nodes = NodeAccess(jobs: ports.jobs, operatorUser: configuration.operatorToken?.user.id)
    return OwnNodeRoutes(jobs: ports.jobs, usage: platform.usage, pages: pages, nodes: nodes).endpoints
        + StatisticsRoutes(usage: platform.usage).endpoints
        + PaymentRoutes(
            jobs: ports.jobs, groups: platform.groups, usage: platform.usage, pages: pages,
            answers: IdempotentAnswers(store: platform.idempotency)
        ).endpoints
}

private func machineEndpoints(
    _ configuration: APIConfiguration, _ ports: FacadePorts, _ limiter: LoginLimiter
) -> [Endpoint] {
    let jobs = ports.jobs
    let operatorUser = configuration.operatorToken?.user.id
    var endpoints =
        NodeRoutes(
            jobs: jobs, usage: ports.platform?.usage, enrolment: ports.enrolment, operatorUser: operatorUser
        ).endpoints
        + HealthRoutes(jobs: jobs, role: configuration.role, masterSilence: configuration.masterSilence).endpoints
    if let enrolment = ports.enrolment {
        endpoints +=
            EnrolmentRoutes(
                enrolment: enrolment, linkEndpoints: configuration.linkEndpoints, limiter: limiter,
                isBehindProxy: configuration.isBehindProxy
            ).endpoints
    }
    if let cluster = configuration.cluster { endpoints += ClusterRoutes(view: cluster).endpoints }
    if let metrics = configuration.metrics {
        endpoints +=
            MetricsRoute(registry: metrics, token: configuration.metricsToken, operatorUser: operatorUser).endpoints
    }
    return endpoints
}
