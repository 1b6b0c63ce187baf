/// Names a unit of work: the driver of a job, or one chunk of one of its regions.
public struct WorkKey: Hashable, Comparable, Sendable {
    public let job: JobID
    /// nil: the driver.
    public let region: RegionID?
    /// 0-based; 0 for a driver.
    public let chunk: Int64

    public init(job: JobID, region: RegionID?, chunk: Int64) {
        self.job = job
        self.region = region
        self.chunk = chunk
    }

    /// By job, then region, a driver first.
    public static func < (left: Self, right: Self) -> Bool {
        (left.job.rawValue, left.region?.rawValue ?? 0, left.chunk)
            < (right.job.rawValue, right.region?.rawValue ?? 0, right.chunk)
    }

    public static func == (left: Self, right: Self) -> Bool {
        left.chunk == right.chunk && left.region == right.region && left.job == right.job
    }

    /// One word tells them apart well enough, and there are millions to be hashed.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(chunk &* 0x9E37_79B9 &+ (region?.rawValue ?? 0) &* 0x85EB_CA6B &+ job.rawValue)
    }

    public static func driver(of job: JobID) -> WorkKey { WorkKey(job: job, region: nil, chunk: 0) }
    public var isDriver: Bool { region == nil }
}

/// The fenced right of one worker session to execute a unit of work until a time.
public struct LeaseToken: Hashable, Sendable {
    public let key: WorkKey
    /// Of the master that granted it; grows with every master.
    public let term: Int64
    /// Grows with every new lease of this unit.
    public let epoch: Int64
    /// Of the worker process and connection that hold it.
    public let session: UInt64

    public init(key: WorkKey, term: Int64, epoch: Int64, session: UInt64) {
        self.key = key
        self.term = term
        self.epoch = epoch
        self.session = session
    }
}
