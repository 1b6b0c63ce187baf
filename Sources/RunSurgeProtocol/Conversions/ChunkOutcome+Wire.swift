public import RunSurgeCore

extension OutcomeStatus {
    public var wire: WireOutcomeStatus { WireOutcomeStatus(rawValue: Int(rawValue)) ?? .fault }

    public init(wire: WireOutcomeStatus) throws(ProtocolError) {
        guard let number = Int16(exactly: wire.rawValue), let status = OutcomeStatus(rawValue: number) else {
            throw .invalidField(message: "Outcome", field: "status")
        }
        self = status
    }
}

extension ChunkOutcome {
    public var wire: WireChunkOutcome {
        var wire = WireChunkOutcome()
        wire.chunkIndex = index
        wire.status = status.wire
        wire.records = records
        wire.firstUnit = range.lowerBound
        wire.lastUnit = range.upperBound
        wire.effects = effects.wire
        wire.reason = reason
        wire.variable = variable
        wire.line = line
        wire.wallMicroseconds = wallMicroseconds
        wire.cpuMicroseconds = cpuMicroseconds
        wire.peakBytes = peakBytes
        if parts > 1 { wire.parts = UInt32(clamping: parts) }
        return wire
    }

    public init(wire: WireChunkOutcome) throws(ProtocolError) {
        guard wire.chunkIndex >= 0 else { throw .invalidField(message: "ChunkOutcome", field: "chunk_index") }
        guard wire.records >= 0 else { throw .invalidField(message: "ChunkOutcome", field: "records") }
        guard wire.firstUnit <= wire.lastUnit else {
            throw .invalidField(message: "ChunkOutcome", field: "last_unit")
        }
        self.init(
            index: wire.chunkIndex, status: try OutcomeStatus(wire: wire.status), records: wire.records,
            range: wire.firstUnit..<wire.lastUnit, effects: try Payload(wire: wire.effects),
            reason: WireText.clean(wire.reason),
            variable: WireText.clean(wire.variable), line: wire.line, wallMicroseconds: max(0, wire.wallMicroseconds),
            cpuMicroseconds: max(0, wire.cpuMicroseconds), peakBytes: max(0, wire.peakBytes),
            parts: max(1, Int64(wire.parts)))
    }
}
