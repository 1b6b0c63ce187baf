internal import Foundation
internal import RunSurgeCore
internal import RunSurgeProtocol
internal import RunSurgeScheduling

/// From the dispatcher's effects to messages for workers, each within the bounds of a frame.
enum MasterMessageWriter {
    static func message(_ body: WireMasterMessage.OneOf_Body) -> WireMasterMessage {
        var message = WireMasterMessage()
        message.body = body
        return message
    }

    /// At most `Limits.assignItems` items a message; the contexts go with the first.
    static func assign(_ assignments: [Assignment], _ contexts: [RegionDescription]) -> [WireMasterMessage] {
        var contexts = contexts.map(WireRegionContext.init)
        return stride(from: 0, to: assignments.count, by: Limits.assignItems).map { start in
            var assign = WireAssign()
            swap(&assign.contexts, &contexts)
            assign.items = assignments[start..<min(assignments.count, start + Limits.assignItems)]
                .map(WireWorkItem.init)
            return message(.assign(assign))
        }
    }

    static func acknowledge(_ verdicts: [TokenVerdict]) -> WireMasterMessage {
        var ack = WireAck()
        ack.results = verdicts.map { WireResultVerdict(token: $0.token, verdict: $0.verdict) }
        return message(.ack(ack))
    }

    static func cancel(_ tokens: [LeaseToken], reason: String) -> WireMasterMessage {
        var cancel = WireCancel()
        cancel.leases = tokens.map(\.wire)
        cancel.reason = reason
        return message(.cancel(cancel))
    }

    static func answer(_ answer: RegionAnswer) -> WireMasterMessage {
        var wire = WireRegionAnswer()
        wire.driver = answer.key.driver.wire
        wire.request = answer.key.request
        wire.regionID = answer.region?.rawValue ?? 0
        wire.chunks = answer.chunks
        wire.reason = answer.reason
        return message(.regionAnswer(wire))
    }

    static func deliver(driver: LeaseToken, _ region: RegionID, _ outcomes: [ChunkOutcome]) -> WireMasterMessage {
        var results = WireRegionResults()
        results.driver = driver.wire
        results.regionID = region.rawValue
        results.outcomes = outcomes.map(\.wire)
        return message(.regionResults(results))
    }

    static func refuse(code: String, reason: String, retry: Bool) -> WireMasterMessage {
        var refuse = WireRefuse()
        refuse.code = code
        refuse.reason = reason
        refuse.retry = retry
        return message(.refuse(refuse))
    }
}

extension WireRegionContext {
    fileprivate init(_ description: RegionDescription) {
        self.init()
        let region = description.region
        regionID = region.id.rawValue
        job = WireJobContext(
            job: region.job, specification: description.specification, plan: description.plan,
            traceID: "job-\(region.job)")
        node = region.node
        sourceJson = Data(region.sourceJSON)
        modesJson = Data(region.modesJSON)
        environment = region.environment.wire
        blobs = region.blobs.map(\.wire)
    }
}

extension WireWorkItem {
    fileprivate init(_ assignment: Assignment) {
        self.init()
        lease = assignment.token.wire
        memoryBytes = assignment.memory
        switch assignment.work {
        case .chunk(let range):
            var chunk = WireChunkWork()
            chunk.firstUnit = range.lowerBound
            chunk.lastUnit = range.upperBound
            work = .chunk(chunk)
        case .driver(let description): work = .driver(WireDriverWork(description))
        }
    }
}

extension WireDriverWork {
    fileprivate init(_ description: DriverDescription) {
        self.init()
        let specification = description.specification
        job = WireJobContext(
            job: description.job, specification: specification, plan: description.plan,
            traceID: "job-\(description.job)")
        minSplitSeconds = specification.minSplitSeconds ?? -1
        chunkRecords = specification.chunkRecords ?? 0
        noSplit = !specification.isSplittingAllowed
        resume = description.resume.map { point in
            var wire = WireResumePoint()
            wire.node = point.node
            wire.entry = point.entry
            wire.prefixRecords = point.prefixRecords
            wire.modesJson = Data(point.modesJSON)
            return wire
        }
    }
}
