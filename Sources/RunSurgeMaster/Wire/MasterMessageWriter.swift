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

    /// At most `Limits.assignItems` chunks and drivers a message; the contexts go with the first.
    static func assign(_ assignments: [Assignment], _ contexts: [RegionDescription]) -> [WireMasterMessage] {
        var contexts = contexts.map(WireRegionContext.init)
        return stride(from: 0, to: assignments.count, by: Limits.assignItems).map { start in
            var assign = WireAssign()
            swap(&assign.contexts, &contexts)
            assign.items = items(assignments[start..<min(assignments.count, start + Limits.assignItems)])
            return message(.assign(assign))
        }
    }

    /// Neighbouring chunks that were granted alike are one item.
    private static func items(_ assignments: ArraySlice<Assignment>) -> [WireWorkItem] {
        var items: [WireWorkItem] = []
        var ranges: [Range<Int64>] = []
        var first: Assignment?
        func close() {
            guard let first else { return }
            items.append(WireWorkItem(first, ranges))
        }
        for assignment in assignments {
            guard case .chunk(let range) = assignment.work else {
                close()
                (first, ranges) = (assignment, [])
                continue
            }
            if let first, let last = ranges.last, last.upperBound == range.lowerBound,
                first.memory == assignment.memory,
                assignment.token.continues(first.token, by: Int64(ranges.count))
            {
                ranges.append(range)
            } else {
                close()
                (first, ranges) = (assignment, [range])
            }
        }
        close()
        return items
    }

    static func acknowledge(_ verdicts: [TokenVerdict]) -> WireMasterMessage {
        var ack = WireAck()
        var rest = verdicts[...]
        while let first = rest.first {
            let alike = rest.prefix { $0.verdict == first.verdict }
            rest = rest.dropFirst(alike.count)
            ack.results += LeaseToken.wireRuns(of: alike.lazy.map(\.token)).map {
                WireResultVerdict(lease: $0, verdict: first.verdict)
            }
        }
        return message(.ack(ack))
    }

    static func cancel(_ tokens: [LeaseToken], reason: String) -> WireMasterMessage {
        var cancel = WireCancel()
        cancel.leases = LeaseToken.wireRuns(of: tokens)
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
        let columns = OutcomeRuns(outcomes)
        results.runs = columns.runs
        results.outcomes = columns.others
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
    /// A driver, or the chunks of `ranges` from the one that `first` names on.
    fileprivate init(_ first: Assignment, _ ranges: [Range<Int64>]) {
        self.init()
        lease = first.token.wire
        memoryBytes = first.memory
        switch first.work {
        case .chunk:
            if ranges.count > 1 { lease.count = Int64(ranges.count) }
            work = .chunk(WireChunkWork(ranges))
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
