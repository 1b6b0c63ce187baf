import Foundation
import Logging
import RunSurgeCore
import RunSurgeMaster
import Testing
import ZeroMQ

/// A running master over an in-memory store, and fake workers on real sockets: those of this machine, or with
/// `enrolment` the network's.
final class MasterFixture: Sendable {
    let store: MemoryDispatchStore
    let blobs = MemoryBlobStore()
    let sockets: SocketThread
    let master: Master
    let endpoints: LinkEndpoints
    /// nil: it has no keys.
    let network: LinkEndpoints?
    private let folder: String
    private let running: Task<Void, any Error>

    static func configuration() -> MasterConfiguration {
        var configuration = MasterConfiguration(
            localFolder: "/tmp/rs-\(UUID().uuidString)", workPort: 0, resultsPort: 0, heartbeatsPort: 0,
            eventsPort: 0, blobURL: "http://127.0.0.1:1", blobDirectory: "/blobs")
        configuration.dispatch.reconnectGrace = .milliseconds(500)
        configuration.dispatch.takeoverGrace = .seconds(1)
        configuration.flushTimeout = .seconds(2)
        return configuration
    }

    init(
        store: MemoryDispatchStore = MemoryDispatchStore(), syntax: FixedSyntax = FixedSyntax(),
        enrolment: (any EnrolmentStore)? = nil, configuration: MasterConfiguration = configuration()
    ) async throws {
        folder = configuration.localFolder
        self.store = store
        sockets = try SocketThread(name: "test")
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        master = Master(
            store: store, enrolment: enrolment, blobs: blobs, syntax: syntax, sockets: sockets,
            configuration: configuration, logger: logger)
        running = Task { [master] in try await master.run() }
        let bound = try await master.endpoints
        endpoints = bound.local
        network = bound.network
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func worker(_ options: FakeWorker.Options = FakeWorker.Options(), session: UInt64 = 1) async throws -> FakeWorker {
        let worker = FakeWorker(
            options, sockets: sockets, work: endpoints.work, results: endpoints.results, session: session)
        try await worker.start()
        return worker
    }

    func submit(splitting: Bool = true) async -> JobID {
        let script = FileEntry(
            path: "/job/s.py", blob: await blobs.add(Array("pass".utf8)), modifiedNanoseconds: 0, mode: 0o644)
        return await store.submit(
            JobSpecification(name: "s", script: script, minSplitSeconds: 0, isSplittingAllowed: splitting))
    }

    /// Ends the master as a service group would, and waits for it; throws what it threw.
    func stop() async throws {
        running.cancel()
        try await running.value
    }

    var result: Result<Void, any Error> { get async { await running.result } }
}

/// Waits for a condition, with a deadline.
func eventually(
    _ what: String, within: Duration = .seconds(20), sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + within
    while ContinuousClock.now < deadline {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(5))
    }
    Issue.record("\(what) did not happen within \(within)", sourceLocation: sourceLocation)
    throw DeadlineError()
}

struct DeadlineError: Error {}
