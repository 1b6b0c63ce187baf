public import Logging
public import RunSurgeCore
internal import RunSurgeScheduling
public import ServiceLifecycle
internal import Synchronization
public import ZeroMQ

/// The master: plans submitted jobs, gives workers their work, keeps their results and finishes jobs.
///
/// With an election it may be one of several on a database: it stands by while another leads, leads when that ends,
/// and stands by again when it has lost the lead. One `run` an instance. It ends with the service group's graceful
/// shutdown, or throws `MasterError`.
public final class Master: Service {
    private let store: any DispatchStore
    private let enrolment: (any EnrolmentStore)?
    private let blobs: any BlobStore
    private let syntax: any SyntaxExporting
    private let intake: Intake?
    private let sockets: SocketThread
    private let configuration: MasterConfiguration
    private let standing: MasterStanding
    private let persistence: Persistence
    private let candidacy: Candidacy?
    private let logger: Logger
    private let placed = Promise<MasterRole>()
    private let started = Promise<MasterEndpoints>()

    /// - Parameters:
    ///   - enrolment: who is let in from the network; needed when the configuration has server keys.
    ///   - intake: nil: nothing is uploaded for jobs, and there are no groups.
    ///   - sockets: the process's one socket thread; the owner shuts it down after the master has ended.
    ///   - election: nil when no other master can be on this database.
    ///   - standing: told the role at every change.
    public init(
        store: any DispatchStore, enrolment: (any EnrolmentStore)? = nil, blobs: any BlobStore,
        syntax: any SyntaxExporting, intake: Intake? = nil, sockets: SocketThread,
        election: (any LeaderElection)? = nil,
        standing: MasterStanding = MasterStanding(), configuration: MasterConfiguration, logger: Logger
    ) {
        precondition(enrolment != nil || configuration.serverKeys == nil, "a network endpoint needs to know its peers")
        self.store = store
        self.enrolment = enrolment
        self.blobs = blobs
        self.syntax = syntax
        self.intake = intake
        self.sockets = sockets
        self.configuration = configuration
        self.standing = standing
        self.logger = logger
        let persistence = Persistence(logger: logger)
        self.persistence = persistence
        candidacy = election.map { Candidacy(election: $0, persistence: persistence, logger: logger) }
    }

    /// Where the master listens. Waits until it leads; throws when it has ended before.
    public var endpoints: MasterEndpoints {
        get async throws { try await started.value }
    }

    /// Waits until the master leads or stands by for the first time; throws when it has ended before.
    public var firstRole: MasterRole {
        get async throws { try await placed.value }
    }

    /// Throws `MasterError`, or what the store threw for good.
    public func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { try await self.serveTerms() }
            fail(MasterError.stopped)
        } catch is CancellationError {
            fail(MasterError.stopped)
        } catch {
            fail(error)
            throw error
        }
    }

    private func fail(_ error: any Error) {
        placed.fail(error)
        started.fail(error)
    }

    // MARK: Leading

    private func serveTerms() async throws {
        try await announceKeys()
        // Workers come back to where they were: a port that was any free one is kept.
        var configuration = configuration
        var hasStoodBy = false
        while true {
            if try await waitToLead() { hasStoodBy = true }
            do {
                return try await releasing { try await serve(&configuration) }
            } catch is LeadershipLost {
                guard configuration.standsBy else { throw MasterError.anotherLeads }
                logger.warning("another master leads: standing by")
            } catch StoreError.fenced(let term) {
                guard candidacy != nil, configuration.standsBy else { throw MasterError.superseded(term: term) }
                logger.warning("another master has taken over: standing by", metadata: ["term": "\(term)"])
            } catch MasterError.cannotBind(let reason) where hasStoodBy {
                // The former leader may not have let go of its ports yet.
                logger.error("can't take over yet", metadata: ["reason": "\(reason)"])
            }
            hasStoodBy = true
            standing.become(.standby)
            try await Task.sleep(for: Self.pause)
        }
    }

    /// Between losing the lead and wanting it again, so that another gets it.
    private static let pause = Duration.seconds(1)

    /// Whether it had to wait.
    private func waitToLead() async throws -> Bool {
        guard let candidacy else { return false }
        if try await candidacy.leadNow() { return false }
        guard configuration.standsBy else { throw MasterError.anotherLeads }
        logger.notice("another master leads this database: standing by")
        standing.become(.standby)
        placed.succeed(.standby)
        try await candidacy.lead()
        logger.notice("the former leader is gone: taking over")
        return true
    }

    private func releasing(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch {
            await candidacy?.release()
            throw error
        }
        await candidacy?.release()
    }

    private struct LeadershipLost: Error {}

    /// Throws `LeadershipLost`, or what the engine throws.
    private func serve(_ configuration: inout MasterConfiguration) async throws {
        let links = try await GuardedLinks.open(
            configuration, enrolment: enrolment, on: sockets, persistence: persistence)
        configuration.keepPorts(of: links.sockets)
        do {
            try await serve(links, configuration)
        } catch {
            await links.close()
            throw error
        }
        await links.close()
    }

    /// Workers are told of this master's keys by whoever leads, so that they know them when it takes over.
    private func announceKeys() async throws {
        guard let keys = configuration.serverKeys, let enrolment else { return }
        try await persistence.persist("server keys") {
            try await enrolment.announceServerKeys(
                current: keys.current.publicKey.bytes, next: keys.next.publicKey.bytes,
                retired: keys.retired.map(\.bytes))
        }
    }

    private func serve(_ links: GuardedLinks, _ configuration: MasterConfiguration) async throws {
        try await withThrowingTaskGroup { group in
            if let candidacy {
                group.addTask { [standing] in
                    try await candidacy.waitForLoss()
                    standing.become(.standby)
                    throw LeadershipLost()
                }
            }
            group.addTask { [self] in try await runEngine(links, configuration) }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func runEngine(_ links: GuardedLinks, _ configuration: MasterConfiguration) async throws {
        let term = try await persistence.persist("term") { try await store.beginTerm() }
        let engine = Engine(
            store: store, enrolment: enrolment, blobs: blobs, syntax: syntax, intake: intake,
            configuration: configuration,
            term: term, links: links, persistence: persistence, logger: logger)
        let bound = MasterEndpoints(local: links.sockets.local, network: links.sockets.advertised)
        try await engine.run {
            logger.notice(
                "the master leads", metadata: ["term": "\(term)", "work": "\((bound.network ?? bound.local).work)"])
            standing.become(.leading(term: term))
            placed.succeed(.leading(term: term))
            started.succeed(bound)
        }
    }
}

/// A value that comes once, for any number of waiters.
final class Promise<Value: Sendable>: Sendable {
    private struct State {
        var result: Result<Value, any Error>?
        var waiters: [CheckedContinuation<Value, any Error>] = []
    }

    private let state = Mutex(State())

    var value: Value {
        get async throws {
            try await withCheckedThrowingContinuation { continuation in
                let result = state.withLock { state in
                    if state.result == nil { state.waiters.append(continuation) }
                    return state.result
                }
                if let result { continuation.resume(with: result) }
            }
        }
    }

    func succeed(_ value: Value) { settle(.success(value)) }
    func fail(_ error: any Error) { settle(.failure(error)) }

    /// The first result stands.
    private func settle(_ result: Result<Value, any Error>) {
        let waiters = state.withLock { state in
            guard state.result == nil else { return [CheckedContinuation<Value, any Error>]() }
            state.result = result
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume(with: result) }
    }
}
