public import RunSurgeCore

extension ResultVerdict {
    public var wire: WireResultVerdict.Verdict {
        switch self {
        case .accepted: .accepted
        case .duplicate: .duplicate
        case .stale: .stale
        }
    }

    public init(wire: WireResultVerdict.Verdict) throws(ProtocolError) {
        switch wire {
        case .accepted: self = .accepted
        case .duplicate: self = .duplicate
        case .stale: self = .stale
        case .unspecified, .UNRECOGNIZED: throw .invalidField(message: "ResultVerdict", field: "verdict")
        }
    }
}

extension WireResultVerdict {
    public init(token: LeaseToken, verdict: ResultVerdict) { self.init(lease: token.wire, verdict: verdict) }

    /// The same of all that `lease` counts.
    public init(lease: WireLeaseToken, verdict: ResultVerdict) {
        self.init()
        self.lease = lease
        self.verdict = verdict.wire
    }
}
