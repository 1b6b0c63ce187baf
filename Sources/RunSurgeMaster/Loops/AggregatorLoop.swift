internal import Foundation
internal import Logging
internal import RunSurgeCore
internal import RunSurgeProtocol
internal import RunSurgeScheduling

/// What the aggregator loop does, in the order of asking.
enum AggregatorItem: Sendable {
    case attach(Greeting)
    case logs([LogAppend], from: SessionID)
    case finish(LeaseToken, from: SessionID, JobSummary, DriverReport, DriverUsage?)
    case nodes(NodeBook.Changes)
}

/// Registers workers, keeps the logs, and finishes jobs with their reports.
struct AggregatorLoop: Sendable {
    let store: any DispatchStore
    let term: Int64
    let queue: WorkQueue<AggregatorItem>
    let persistence: Persistence
    let dispatcher: Dispatcher
    let events: EventPublisher
    let metrics: MasterMetrics
    let logger: Logger

    private static let logBytesAtOnce = 4 << 20
    private static let workersAtOnce = 1_000
    /// Of nodes' histories.
    private static let eventsAtOnce = 1_000

    /// Ends when the queue does. Throws `StoreError.fenced` when another master has taken over.
    func run() async throws {
        while let items = await queue.next() {
            var logs: [(segment: LogAppend, session: SessionID)] = []
            var greetings: [Greeting] = []
            for item in items {
                switch item {
                case .logs(let segments, let session): logs += segments.map { ($0, session) }
                // A restarted master is greeted by all workers at once: one commit for many of them.
                case .attach(let greeting): greetings.append(greeting)
                case .finish, .nodes:
                    try await attach(greetings[...])
                    greetings = []
                    // What a script wrote before it ended is stored before its end is.
                    try await append(logs)
                    logs = []
                    try await carryOut(item)
                }
            }
            try await attach(greetings[...])
            try await append(logs)
        }
    }

    private func carryOut(_ item: AggregatorItem) async throws {
        switch item {
        case .finish(let token, let session, let summary, let driver, let usage):
            try await finish(token, from: session, summary, driver, usage)
        case .nodes(let changes): try await record(changes)
        case .attach, .logs: break
        }
    }

    /// A worker that the store can't hold is found by halving, so that it does not keep the others out.
    private func attach(_ greetings: ArraySlice<Greeting>) async throws {
        for start in stride(from: greetings.startIndex, to: greetings.endIndex, by: Self.workersAtOnce) {
            try await attachTogether(greetings[start..<min(start + Self.workersAtOnce, greetings.endIndex)])
        }
    }

    private func attachTogether(_ greetings: ArraySlice<Greeting>) async throws {
        let nodes = greetings.map(\.attachment)
        do {
            let ids = try await persistence.persist("workers") { try await store.attachNodes(nodes, term: term) }
            guard ids.count == nodes.count else {
                throw StoreError.inconsistent("\(ids.count) identifiers for \(nodes.count) workers")
            }
            await dispatcher.attached(Array(zip(greetings, ids)))
        } catch let error as StoreError {
            if case .fenced = error { throw error }
            guard greetings.count == 1, let greeting = greetings.first else {
                let half = greetings.count / 2
                try await attachTogether(greetings.prefix(half))
                return try await attachTogether(greetings.dropFirst(half))
            }
            logger.error(
                "a worker can't be stored", metadata: ["name": "\(greeting.hello.nodeName)", "error": "\(error)"])
            await dispatcher.refused(greeting, reason: "The worker can't be stored.")
        }
    }

    private func record(_ changes: NodeBook.Changes) async throws {
        try await tolerating("nodes") {
            try await store.recordNodes(seen: Array(changes.seen), dead: Array(changes.dead), term: term)
        }
        for start in stride(from: 0, to: changes.log.count, by: Self.eventsAtOnce) {
            let entries = Array(changes.log[start..<min(start + Self.eventsAtOnce, changes.log.count)])
            try await tolerating("node log") { try await store.appendNodeLog(entries, term: term) }
        }
    }

    // MARK: Logs

    private func append(_ logs: [(segment: LogAppend, session: SessionID)]) async throws {
        var rest = logs[...]
        while !rest.isEmpty {
            var bytes = 0
            let part = rest.prefix {
                bytes += $0.segment.bytes.count
                return bytes <= Self.logBytesAtOnce || bytes == $0.segment.bytes.count
            }
            rest = rest.dropFirst(part.count)
            try await appendPart(part)
        }
    }

    private func appendPart(_ part: ArraySlice<(segment: LogAppend, session: SessionID)>) async throws {
        let segments = part.map(\.segment)
        var stored = segments.map { $0.offset + Int64($0.bytes.count) }
        try await tolerating("logs") {
            let lengths = try await store.appendLogs(segments, term: term)
            if lengths.count == segments.count { stored = lengths }
        }
        var positions: [SessionID: [WireLogPosition]] = [:]
        for (index, (segment, session)) in part.enumerated() {
            positions[session, default: []].append(
                WireLogPosition(
                    job: segment.job, epoch: segment.epoch, stream: segment.stream, offset: stored[index]))
        }
        for (session, positions) in positions { await dispatcher.acknowledge(positions, to: session) }
    }

    // MARK: The end of a job

    private func finish(
        _ token: LeaseToken, from session: SessionID, _ summary: JobSummary, _ driver: DriverReport,
        _ usage: DriverUsage?
    ) async throws {
        let id = token.key.job
        var verdict = ResultVerdict.stale
        do {
            let attempts = try await persistence.persist("attempts") { try await store.attempts(of: id) }
            let specification = await dispatcher.specification(of: id)
            let report = RunReport(
                specification: specification, driver: driver, summary: summary, attempts: attempts)
            let outcome = JobOutcome(
                exitStatus: driver.exitStatus, standardOutput: driver.standardOutput,
                standardError: driver.standardError, outputs: driver.outputs, deleted: driver.deleted,
                report: try report.json())
            verdict = try await store(DriverResult(token: token, outcome: outcome, failure: nil, usage: usage))
        } catch let error as StoreError {
            if case .fenced = error { throw error }
            logger.error("a job's outcome can't be stored", metadata: ["job": "\(id)", "error": "\(error)"])
            let failure = "The script has ended, and its outcome can't be stored: \(error)."
            try await tolerating("failure") {
                verdict = try await store.finish(
                    DriverResult(token: token, outcome: nil, failure: failure), term: term)
            }
        }
        await dispatcher.handle([.driverCommitted(token, session: session, verdict)])
        guard verdict == .accepted else { return }
        metrics.jobCompleted()
        events.publish(job: id, state: .completed, chunks: 0, done: 0)
    }

    private func store(_ result: DriverResult) async throws -> ResultVerdict {
        try await persistence.persist("outcome") { try await store.finish(result, term: term) }
    }

    /// What is refused for good is logged and left; being fenced is not survived.
    private func tolerating(_ what: StaticString, _ body: () async throws -> Void) async throws {
        do {
            try await persistence.persist(what, body)
        } catch let error as StoreError {
            if case .fenced = error { throw error }
            logger.error("a write was refused", metadata: ["write": "\(what)", "error": "\(error)"])
        }
    }
}
