public import RunSurgeCore

extension LeaseToken {
    public var wire: WireLeaseToken {
        var wire = WireLeaseToken()
        wire.jobID = key.job.rawValue
        wire.regionID = key.region?.rawValue ?? 0
        wire.chunkIndex = key.chunk
        wire.term = term
        wire.epoch = epoch
        wire.session = session
        return wire
    }

    /// - Throws: `ProtocolError.invalidField` for identifiers that no master has given out.
    public init(wire: WireLeaseToken) throws(ProtocolError) {
        guard wire.jobID > 0 else { throw .invalidField(message: "LeaseToken", field: "job_id") }
        guard wire.regionID >= 0 else { throw .invalidField(message: "LeaseToken", field: "region_id") }
        guard wire.chunkIndex >= 0 else { throw .invalidField(message: "LeaseToken", field: "chunk_index") }
        let region = wire.regionID == 0 ? nil : RegionID(wire.regionID)
        self.init(
            key: WorkKey(job: JobID(wire.jobID), region: region, chunk: region == nil ? 0 : wire.chunkIndex),
            term: wire.term, epoch: wire.epoch, session: wire.session)
    }
}
