public import Logging
public import RunSurgeCore
internal import RunSurgeScheduling
public import ServiceLifecycle
internal import Synchronization
public import ZeroMQ

/// The master: plans submitted jobs, gives workers their work, keeps their results and finishes jobs.
///
/// One `run` an instance. It ends with the service group's graceful shutdown, or throws `MasterError`.
public final class Master: Service {
    private let store: any DispatchStore
    private let blobs: any BlobStore
    private let syntax: any SyntaxExporting
    private let sockets: SocketThread
    private let configuration: MasterConfiguration
    private let logger: Logger
    private let started = Promise<MasterEndpoints>()

    /// - Parameter sockets: the process's one socket thread; the owner shuts it down after the master has ended.
    public init(
        store: any DispatchStore, blobs: any BlobStore, syntax: any SyntaxExporting, sockets: SocketThread,
        configuration: MasterConfiguration, logger: Logger
    ) {
        self.store = store
        self.blobs = blobs
        self.syntax = syntax
        self.sockets = sockets
        self.configuration = configuration
        self.logger = logger
    }

    /// Where the master listens. Waits until it does; throws when it has ended before.
    public var endpoints: MasterEndpoints {
        get async throws { try await started.value }
    }

    /// Throws `MasterError`, or what the store threw for good.
    public func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { try await self.serve() }
        } catch is CancellationError {
            started.fail(MasterError.stopped)
        } catch StoreError.fenced(let term) {
            started.fail(MasterError.superseded(term: term))
            throw MasterError.superseded(term: term)
        } catch {
            started.fail(error)
            throw error
        }
        started.fail(MasterError.stopped)
    }

    private func serve() async throws {
        let persistence = Persistence(logger: logger)
        let term = try await persistence.persist("term") { try await store.beginTerm() }
        let bound = try await MasterSockets.bind(configuration, on: sockets)
        let engine = Engine(
            store: store, blobs: blobs, syntax: syntax, configuration: configuration, term: term, sockets: bound,
            persistence: persistence, logger: logger)
        do {
            try await engine.run {
                self.logger.info(
                    "the master is ready", metadata: ["term": "\(term)", "work": "\(bound.endpoints.work)"])
                self.started.succeed(bound.endpoints)
            }
        } catch {
            await bound.close()
            throw error
        }
        await bound.close()
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
