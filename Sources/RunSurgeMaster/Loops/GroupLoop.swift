internal import Foundation
internal import Logging
internal import RunSurgeAnalysis
internal import RunSurgeCore

/// Runs the aggregators of groups whose members have all ended well, and ends groups by what those leave.
///
/// It remembers nothing: what is to be done is found in the store, and every step may be taken again.
struct GroupLoop: Sendable {
    let store: any AggregationStore
    let packing: any ResultPacking
    let blobs: any BlobStore
    let syntax: any SyntaxExporting
    let term: Int64
    let persistence: Persistence
    let logger: Logger

    private static let groupsAtOnce = 16
    private static let membersAtOnce = 100
    private static let interval = Duration.seconds(2)
    /// A store that wakes without reason must not make this loop spin.
    private static let shortestRound = Duration.milliseconds(50)
    /// Of an aggregator's standard error, the end of which is shown.
    private static let shownBytes: Int64 = 4_000

    /// Runs until cancelled. Throws `StoreError.fenced`.
    func run() async throws {
        while true {
            let round = ContinuousClock.now
            let ended = try await persistence.persist("ended aggregators") {
                try await store.endedAggregations(limit: Self.groupsAtOnce)
            }
            for aggregation in ended { try await attempt(aggregation.group) { try await finish(aggregation) } }
            let waiting = try await persistence.persist("groups to aggregate") {
                try await store.groupsToAggregate(limit: Self.groupsAtOnce)
            }
            for group in waiting { try await attempt(group) { try await start(group) } }
            try await persistence.persist("groups") { try await store.waitForGroups(within: Self.interval) }
            try await Task.sleep(until: round + Self.shortestRound)
        }
    }

    /// One group's trouble is not another's: it is logged, and tried again in the next round.
    private func attempt(_ group: JobGroup, _ step: () async throws -> Void) async throws {
        do {
            try await step()
        } catch let error as CancellationError {
            throw error
        } catch StoreError.fenced(let term) {
            throw StoreError.fenced(term: term)
        } catch {
            logger.warning("a group must wait", metadata: ["group": "\(group.id)", "error": "\(error)"])
        }
    }

    // MARK: The start of an aggregator

    private func start(_ group: JobGroup) async throws {
        let form = try await form(of: group)
        var outputs: [BlobReference] = []
        var memory: Int64?
        var last = 0
        while true {
            let members = try await store.memberJobs(of: group.id, after: last, limit: Self.membersAtOnce)
            if members.isEmpty { break }
            last += members.count
            for member in members {
                guard let outcome = member.outcome else {
                    throw StoreError.inconsistent("member \(member.id) of a finished group has no outcome")
                }
                outputs.append(
                    try await packing.archive(
                        of: outcome, workingDirectory: member.specification.workingDirectory))
                memory = [memory, member.specification.requiredMemory].compactMap { $0 }.max()
            }
        }
        var specification = AggregatorScript(form: form, fileName: group.aggregatorName).specification(
            name: "\(group.name): aggregation", script: try await blobs.put(AggregatorScript.text),
            aggregator: group.aggregator, outputs: outputs)
        // It sees what each of them has made.
        specification.requiredMemory = memory
        guard
            let job = try await store.startAggregation(of: group.id, specification: specification, term: term)
        else { return }
        logger.info("an aggregator runs", metadata: ["group": "\(group.id)", "job": "\(job)"])
    }

    /// It was looked at when the group was made; where it has lost its form since, for a newer Python say, its run tells
    /// what is wrong with it.
    private func form(of group: JobGroup) async throws -> AggregatorForm {
        let source = try await blobs.bytes(of: group.aggregator, limit: Limits.scriptBytes)
        let text = SourceFile(
            module: "__main__", path: "/\(group.aggregatorName)", bytes: AggregatorForm.syntaxSource(of: source))
        let tree = try await syntax.exportSyntax(script: text, modules: [])
        do {
            return try AggregatorForm.detect(source: source, syntaxJSON: tree)
        } catch {
            logger.warning("an aggregator has no form", metadata: ["group": "\(group.id)", "error": "\(error)"])
            return .function
        }
    }

    // MARK: The end of a group

    private func finish(_ aggregation: EndedAggregation) async throws {
        let (group, job) = (aggregation.group, aggregation.job)
        let outcome = try await outcome(of: job)
        guard try await store.finishGroup(group.id, job: job.id, outcome: outcome, term: term) else { return }
        logger.info("a group has ended", metadata: ["group": "\(group.id)", "outcome": "\(outcome)"])
    }

    private func outcome(of job: Job) async throws -> AggregationOutcome {
        guard let outcome = job.outcome else {
            return .failed(job.failure ?? "The aggregator was \(job.state.rawValue).")
        }
        guard outcome.exitStatus == 0 else {
            let said = try await end(of: outcome.standardError)
            return .failed(
                "The aggregator ended with status \(outcome.exitStatus)." + (said.isEmpty ? "" : "\n\(said)"))
        }
        return .completed(
            try await packing.archive(of: outcome, workingDirectory: job.specification.workingDirectory))
    }

    private func end(of blob: BlobReference) async throws -> String {
        var bytes: [UInt8] = []
        let range = max(0, blob.size - Self.shownBytes)..<blob.size
        if !range.isEmpty { for try await piece in try await blobs.read(blob, range: range) { bytes += piece } }
        return String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
