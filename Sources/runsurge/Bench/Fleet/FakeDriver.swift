import Foundation
import RunSurgeCore
import RunSurgeProtocol

/// The driver of a script that is one loop: hands over all of it, and takes the chunks' results in order.
struct FakeDriver {
    let token: WireLeaseToken
    private let units: Int64
    private var region: Int64 = 0
    private var chunks: Int64 = 0
    private var committed: Int64 = 0
    private let asked = ContinuousClock.now
    private var accepted: ContinuousClock.Instant?
    /// Once all is done.
    private(set) var report: FleetReport?

    init(token: WireLeaseToken, work: WireDriverWork) {
        self.token = token
        units = work.job.arguments.first.flatMap { Int64($0) } ?? 1
    }

    /// Each record is worth a chunk by its cost.
    var request: WireRegionRequest {
        var request = WireRegionRequest()
        request.driver = token
        request.request = 1
        request.node = 1
        request.line = 1
        request.digest = Data(repeating: 7, count: 32)
        request.sourceJson = Data("{}".utf8)
        request.modesJson = Data("{}".utf8)
        request.lastUnit = units
        request.secondsPerUnit = 2
        request.bytesPerUnit = 1
        return request
    }

    mutating func answered(_ answer: WireRegionAnswer) throws -> [WireWorkerMessage.OneOf_Body] {
        guard answer.regionID > 0 else { throw CommandError.failure("the region was declined: \(answer.reason)") }
        guard answer.chunks == units else {
            throw CommandError.failure("\(units) records were planned as \(answer.chunks) chunks")
        }
        accepted = .now
        region = answer.regionID
        chunks = answer.chunks
        return [progress]
    }

    mutating func take(_ results: WireRegionResults) throws -> [WireWorkerMessage.OneOf_Body] {
        guard results.regionID == region else { return [] }
        for outcome in try results.allOutcomes where outcome.index == committed { committed += 1 }
        guard committed == chunks, report == nil else { return [progress] }
        let accepted = accepted ?? asked
        report = FleetReport(
            chunks: chunks, acceptSeconds: (accepted - asked).seconds, runSeconds: (.now - accepted).seconds)
        var close = WireRegionClose()
        close.driver = token
        close.regionID = region
        close.committed = committed
        close.records = units
        return [.regionClose(close)]
    }

    private var progress: WireWorkerMessage.OneOf_Body {
        var progress = WireRegionProgress()
        progress.driver = token
        progress.regionID = region
        progress.committed = committed
        progress.windowBytes = Limits.regionWindowBytes
        return .regionProgress(progress)
    }

    var outcome: WireDriverOutcome {
        var outcome = WireDriverOutcome()
        outcome.status = .completed
        outcome.standardOutput = BlobReference.empty.wire
        outcome.standardError = BlobReference.empty.wire
        outcome.regionsJson = Data("[]".utf8)
        return outcome
    }
}
