import Logging
import PostgreSQL
import RunSurgeCore

/// Wakes idle loops, of this process at once and of others by NOTIFY: a hint, sent after the commit and at most every
/// few milliseconds. Who waits looks again after a while anyway, so a lost hint only costs time.
actor Wakeups {
    private enum Subject: Hashable {
        case work
        case keys
        case job(JobID)
    }

    private struct Waiter {
        let subject: Subject
        let continuation: CheckedContinuation<Void, Never>
        let timeout: Task<Void, Never>
    }

    private static let debounce = Duration.milliseconds(5)
    /// A change this young may have come between its waiter's look and its wait.
    private static let recent = Duration.milliseconds(50)
    private static let recentLimit = 4_096

    private let configuration: ConnectionConfiguration
    private let channel: String
    private let pool: Pool
    private let logger: Logger
    private let origin = String(UInt64.random(in: 1 ... .max), radix: 36)
    private var waiters: [UInt64: Waiter] = [:]
    private var nextWaiter: UInt64 = 0
    private var hasUnseenWork = false
    private var hasUnseenKeys = false
    private var changes: [JobID: ContinuousClock.Instant] = [:]
    private var unsentWork = false
    private var unsentKeys = false
    private var unsentJobs: Set<JobID> = []
    private var sender: Task<Void, Never>?
    private var listener: Task<Void, Never>?

    init(_ configuration: ConnectionConfiguration, channel: String, pool: Pool, logger: Logger) {
        self.configuration = configuration
        self.channel = channel
        self.pool = pool
        self.logger = logger
    }

    func start() {
        guard listener == nil else { return }
        listener = Task { [weak self] in
            while !Task.isCancelled {
                await self?.listen()
                try? await Task.sleep(for: .milliseconds(500))
            }
        }
    }

    func stop() async {
        listener?.cancel()
        await listener?.value
        await sender?.value
        for identifier in Array(waiters.keys) { finish(identifier) }
    }

    // MARK: Signals

    func workArrived() {
        deliverWork()
        unsentWork = true
        send()
    }

    func jobsChanged(_ jobs: some Collection<JobID>) {
        guard !jobs.isEmpty else { return }
        deliver(jobs)
        unsentJobs.formUnion(jobs)
        send()
    }

    func keysChanged() {
        deliverKeys()
        unsentKeys = true
        send()
    }

    private func deliverKeys() {
        let ready = waiters.filter { $0.value.subject == .keys }.map(\.key)
        hasUnseenKeys = ready.isEmpty
        ready.forEach(finish)
    }

    private func deliverWork() {
        let ready = waiters.filter { $0.value.subject == .work }.map(\.key)
        // Nobody waits: the next who comes must not miss it.
        hasUnseenWork = ready.isEmpty
        ready.forEach(finish)
    }

    private func deliver(_ jobs: some Collection<JobID>) {
        let now = ContinuousClock.now
        if changes.count > Self.recentLimit { changes = changes.filter { now - $0.value < Self.recent } }
        for job in jobs { changes[job] = now }
        let subjects = Set(jobs.map(Subject.job))
        waiters.filter { subjects.contains($0.value.subject) }.map(\.key).forEach(finish)
    }

    private func send() {
        guard sender == nil else { return }
        sender = Task {
            while let payload = takePayload() {
                do throws(PostgreSQLError) {
                    _ = try await pool.pipeline([
                        Statement("SELECT set_config('synchronous_commit', 'off', true)"),
                        Statement("SELECT pg_notify($1, $2)", [.text(channel), .text(payload)]),
                    ])
                } catch {
                    logger.debug("no wake-up sent", metadata: ["error": "\(error)"])
                }
                try? await Task.sleep(for: Self.debounce)
            }
            sender = nil
        }
    }

    /// `origin w k job job …`; a payload holds 8,000 bytes.
    private func takePayload() -> String? {
        guard unsentWork || unsentKeys || !unsentJobs.isEmpty else { return nil }
        var words = [origin]
        if unsentWork { words.append("w") }
        if unsentKeys { words.append("k") }
        (unsentWork, unsentKeys) = (false, false)
        let jobs = unsentJobs.prefix(300)
        unsentJobs.subtract(jobs)
        return (words + jobs.map(\.description)).joined(separator: " ")
    }

    // MARK: Listening

    private func listen() async {
        do {
            let connection = try await Connection.connect(configuration)
            let payloads = try await connection.listen(channel)
            // What was sent before is unknown.
            deliverWork()
            deliverKeys()
            for await payload in payloads { receive(payload) }
            await connection.close()
        } catch {
            logger.debug("not listening", metadata: ["error": "\(error)"])
        }
    }

    private func receive(_ payload: String) {
        let words = payload.split(separator: " ")
        guard let sender = words.first, sender != origin else { return }
        if words.contains("w") { deliverWork() }
        if words.contains("k") { deliverKeys() }
        deliver(words.dropFirst().compactMap { Int64($0).map(JobID.init(_:)) })
    }

    // MARK: Waiting

    /// One loop waits at a time: a signal that found nobody waiting is for the next who comes.
    func waitForWork(within limit: Duration) async throws {
        if hasUnseenWork {
            hasUnseenWork = false
            return
        }
        try await wait(.work, limit)
    }

    /// As `waitForWork`.
    func waitForKeys(within limit: Duration) async throws {
        if hasUnseenKeys {
            hasUnseenKeys = false
            return
        }
        try await wait(.keys, limit)
    }

    func waitForChange(of job: JobID, within limit: Duration) async throws {
        let isRecent = changes[job].map { ContinuousClock.now - $0 < Self.recent } ?? false
        try await wait(.job(job), isRecent ? min(limit, .milliseconds(5)) : limit)
    }

    private func wait(_ subject: Subject, _ limit: Duration) async throws {
        let identifier = nextWaiter
        nextWaiter += 1
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let timeout = Task { [weak self] in
                    guard (try? await Task.sleep(for: limit)) != nil else { return }
                    await self?.finish(identifier)
                }
                waiters[identifier] = Waiter(subject: subject, continuation: continuation, timeout: timeout)
                if Task.isCancelled { finish(identifier) }
            }
        } onCancel: {
            Task { await self.finish(identifier) }
        }
        try Task.checkCancellation()
    }

    private func finish(_ identifier: UInt64) {
        guard let waiter = waiters.removeValue(forKey: identifier) else { return }
        waiter.timeout.cancel()
        waiter.continuation.resume()
    }
}
