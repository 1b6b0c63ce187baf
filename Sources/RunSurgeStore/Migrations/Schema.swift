import PostgreSQL

/// The schema's history, oldest first.
enum Schema {
    static let migrations: [any Migration] = [
        CreateAccounts(), CreateTerms(), CreateJobs(), CreateRegions(), CreateNodes(), CreateAttempts(),
        CreateKeys(), CreateNodeLog(), CreateLeaseRuns(), AddDrains(),
        CreateGroups(), CreateUploads(), CreateIdempotencyKeys(), CreateUsage(), AddAccess(), CreateEvents(),
    ]
}
