import Logging
import PostgreSQL
import RunSurgeCore

/// Wakes idle loops, of this process at once and of others by NOTIFY: a hint, sent after the commit and at most every
/// few milliseconds. Who waits looks again after a while anyway, so a lost hint only costs time.
actor Wakeups {
    /// What one loop of a process waits for; the raw value is its word in a payload.
    enum Signal: String, CaseIterable {
        case work = "w"
        case keys = "k"
        /// The end of a job that may belong to a group.
        case groups = "g"
        /// A change that is in the feed of events.
        case events = "e"
    }

    private enum Subject: Hashable {
        case signal(Signal)
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
    private var unseen: Set<Signal> = []
    private var changes: [JobID: ContinuousClock.Instant] = [:]
    private var unsent: Set<Signal> = []
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

    func signal(_ signal: Signal) {
        deliver(signal)
        unsent.insert(signal)
        send()
    }

    /// Of those who look at these jobs, and of those who read events.
    func jobsChanged(_ jobs: some Collection<JobID>) {
        guard !jobs.isEmpty else { return }
        signal(.events)
        logsChanged(of: jobs)
    }

    func logsChanged(of jobs: some Collection<JobID>) {
        guard !jobs.isEmpty else { return }
        deliver(jobs)
        unsentJobs.formUnion(jobs)
        send()
    }

    private func deliver(_ signal: Signal) {
        let ready = waiters.filter { $0.value.subject == .signal(signal) }.map(\.key)
        // Nobody waits: the next who comes must not miss it.
        if ready.isEmpty { unseen.insert(signal) } else { unseen.remove(signal) }
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

    /// The origin, signals and jobs, a word each; a payload holds 8,000 bytes.
    private func takePayload() -> String? {
        guard !unsent.isEmpty || !unsentJobs.isEmpty else { return nil }
        let words = [origin] + unsent.map(\.rawValue)
        unsent = []
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
            Signal.allCases.forEach(deliver)
            for await payload in payloads { receive(payload) }
            await connection.close()
        } catch {
            logger.debug("not listening", metadata: ["error": "\(error)"])
        }
    }

    private func receive(_ payload: String) {
        let words = payload.split(separator: " ")
        guard let sender = words.first, sender != origin else { return }
        words.dropFirst().compactMap { Signal(rawValue: String($0)) }.forEach(deliver)
        deliver(words.dropFirst().compactMap { Int64($0).map(JobID.init(_:)) })
    }

    // MARK: Waiting

    /// One loop waits for a signal at a time: one that found nobody waiting is for the next who comes.
    func wait(for signal: Signal, within limit: Duration) async throws {
        if unseen.remove(signal) != nil { return }
        try await wait(.signal(signal), limit)
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
