/// What one user may have at once.
public struct Quota: Sendable, Equatable {
    /// Of all blobs that their jobs, groups and unfinished uploads name, each counted once. 0 ...
    public var blobBytes: Int64
    /// That have not ended. 0 ...
    public var jobs: Int

    public init(blobBytes: Int64 = Limits.userBlobBytes, jobs: Int = Limits.userJobs) {
        self.blobBytes = blobBytes
        self.jobs = jobs
    }
}

/// How much of a quota is used.
public struct QuotaStanding: Sendable, Equatable {
    public let quota: Quota
    public let blobBytes: Int64
    public let jobs: Int

    public init(quota: Quota, blobBytes: Int64, jobs: Int) {
        self.quota = quota
        self.blobBytes = blobBytes
        self.jobs = jobs
    }

    /// Whether there is room for so much more.
    public func hasRoom(bytes: Int64 = 0, jobs more: Int = 0) -> Bool {
        let (sum, isTooMuch) = blobBytes.addingReportingOverflow(bytes)
        return !isTooMuch && sum <= quota.blobBytes && jobs + more <= quota.jobs
    }
}
