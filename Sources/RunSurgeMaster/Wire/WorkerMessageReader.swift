internal import Foundation
internal import RunSurgeCore
internal import RunSurgeProtocol
internal import RunSurgeScheduling

/// From a worker's message to the dispatcher's event. Everything is checked for form here, nothing for truth.
enum WorkerMessageReader {
    /// nil for a message without meaning to the dispatcher. A Hello is not one: the link answers it first.
    static func event(_ message: WireWorkerMessage) throws(ProtocolError) -> DispatchEvent? {
        let session = message.session
        switch message.body {
        case .pull(let pull): return .pull(session, try WorkerPull(wire: pull))
        case .regionRequest(let request): return .regionRequested(session, try RegionOffer(wire: request))
        case .regionProgress(let progress):
            return .regionProgress(
                session, driver: try driver(progress.driver), try region(progress.regionID),
                committed: max(0, progress.committed), windowBytes: progress.windowBytes)
        case .regionClose(let close):
            return .regionClosed(
                session, driver: try driver(close.driver), try region(close.regionID), committed: close.committed)
        case .goodbye: return .goodbye(session)
        case .nack(let nack): return .nack(session, try LeaseToken(wire: nack.lease))
        case .started(let started):
            return .started(session, try LeaseToken.expanding(started.leases))
        case .hello: return nil
        case nil: throw .invalidField(message: "WorkerMessage", field: "body")
        }
    }

    static func chunkResult(_ token: LeaseToken, _ wire: WireChunkOutcome) throws(ProtocolError) -> ChunkResult {
        guard !token.key.isDriver, token.key.chunk == wire.chunkIndex else {
            throw .invalidField(message: "Result", field: "chunk_index")
        }
        return ChunkResult(token: token, node: nil, outcome: try ChunkOutcome(wire: wire))
    }

    fileprivate static func driver(_ wire: WireLeaseToken) throws(ProtocolError) -> LeaseToken {
        let token = try LeaseToken(wire: wire)
        guard token.key.isDriver else { throw .invalidField(message: "LeaseToken", field: "region_id") }
        return token
    }

    private static func region(_ number: Int64) throws(ProtocolError) -> RegionID {
        guard number > 0 else { throw .invalidField(message: "RegionProgress", field: "region_id") }
        return RegionID(number)
    }
}

extension WorkerPull {
    init(wire: WirePull) throws(ProtocolError) {
        self.init(
            freeSlots: Int(wire.freeSlots), prefetch: Int(wire.prefetch), freeMemory: wire.freeMemoryBytes,
            held: try LeaseToken.expanding(wire.held), sequence: wire.sequence)
    }
}

extension RegionOffer {
    /// Keeps every sum of two units within its type.
    private static let largestUnit = Int64(1) << 62

    init(wire: WireRegionRequest) throws(ProtocolError) {
        func invalid(_ field: String) -> ProtocolError { .invalidField(message: "RegionRequest", field: field) }
        guard wire.firstUnit >= 0 else { throw invalid("first_unit") }
        guard wire.lastUnit >= wire.firstUnit, wire.lastUnit <= Self.largestUnit else { throw invalid("last_unit") }
        guard wire.digest.count == 32 else { throw invalid("digest") }
        guard wire.prefixRecords >= 0 else { throw invalid("prefix_records") }
        guard wire.entry >= 0 else { throw invalid("entry") }
        var blobs: [BlobReference] = []
        for blob in wire.blobs { blobs.append(try BlobReference(wire: blob)) }
        let demand = ChunkPlanner.Demand(
            units: wire.firstUnit..<wire.lastUnit, cuts: wire.cuts, secondsPerUnit: wire.secondsPerUnit,
            bytesPerUnit: wire.bytesPerUnit, environmentBytes: max(0, wire.environmentBytes))
        self.init(
            key: RegionRequestKey(driver: try WorkerMessageReader.driver(wire.driver), request: wire.request),
            node: wire.node, line: wire.line, entry: wire.entry, digest: [UInt8](wire.digest),
            sourceJSON: [UInt8](wire.sourceJson), modesJSON: [UInt8](wire.modesJson), demand: demand,
            prefixRecords: wire.prefixRecords, environment: try Payload(wire: wire.environment), blobs: blobs)
    }
}
