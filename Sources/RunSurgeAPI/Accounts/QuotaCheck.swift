import RunSurgeCore

/// Keeps users within their quotas. What the store says of a user is remembered for a moment and added to by what is
/// admitted meanwhile, since it looks at all that the user has: who has made a hundred thousand jobs does not wait for
/// that every few seconds. Nobody is refused by what is older than `patience`. Masters do not see each other's memory:
/// together they may go beyond a quota by what each admits in that moment.
actor QuotaCheck {
    /// How long a standing is believed while somebody looks again.
    private static let longestLife = Duration.seconds(20)
    /// How old it may be when it says no.
    private static let patience = Duration.milliseconds(500)
    /// Users remembered; beyond it all are forgotten.
    private static let users = 10_000

    private struct Memory {
        let standing: QuotaStanding
        let at: ContinuousClock.Instant
        var bytes: Int64 = 0
        var jobs = 0

        func hasRoom(bytes more: Int64, jobs moreJobs: Int) -> Bool {
            standing.hasRoom(bytes: bytes.adding(more), jobs: jobs + moreJobs)
        }
    }

    private let access: (any AccessStore)?
    private let jobs: any JobStore
    /// How long a standing is believed without looking again.
    private let life: Duration
    private var memories: [UserID: Memory] = [:]
    private var readings: [UserID: Task<Void, any Error>] = [:]

    /// - Parameter access: nil: everybody has room.
    init(access: (any AccessStore)?, jobs: any JobStore, life: Duration = .seconds(5)) {
        self.access = access
        self.jobs = jobs
        self.life = life
    }

    /// Counts what is about to be stored.
    /// - Parameters:
    ///   - bytes: of files that the user does not have yet; of a request that is not read yet, 0 ... its length.
    ///   - jobs: that are about to be made.
    /// - Throws: 413 when the files, 429 when the jobs are too many.
    func admit(_ user: UserID, bytes: Int64 = 0, jobs: Int = 0) async throws {
        guard access != nil else { return }
        if let known = memories[user] {
            let age = ContinuousClock.now - known.at
            let hasRoom = known.hasRoom(bytes: bytes, jobs: jobs)
            if age >= (hasRoom ? Self.longestLife : Self.patience) {
                try await reading(of: user).value
            } else if age >= life {
                // If it fails, the next one who asks looks again.
                _ = reading(of: user)
            }
        } else {
            try await reading(of: user).value
        }
        // An account that is gone can't be harmed.
        guard let memory = memories[user] else { return }
        guard memory.hasRoom(bytes: bytes, jobs: 0) else { throw Self.tooManyBytes(memory.standing) }
        guard memory.hasRoom(bytes: bytes, jobs: jobs) else { throw Self.tooManyJobs(memory.standing) }
        memories[user]?.bytes = memory.bytes.adding(bytes)
        memories[user]?.jobs += jobs
    }

    /// Counts files that are about to be named by a job or a group; those that the user has already cost nothing.
    /// - Throws: 413 when they are too many.
    func admit(_ user: UserID, files: [BlobReference]) async throws {
        let distinct = Set(files)
        let all = distinct.reduce(Int64(0)) { $0.adding($1.size) }
        do {
            try await admit(user, bytes: all)
        } catch let refusal as APIError {
            // Which of them are new is looked at only when it matters.
            var new: Int64 = 0
            for file in distinct where try await jobs.mayRead(blob: file.sha256, owner: user) == nil {
                new = new.adding(file.size)
            }
            guard new < all else { throw refusal }
            try await admit(user, bytes: new)
        }
    }

    /// The one look that all who ask at the same time share.
    private func reading(of user: UserID) -> Task<Void, any Error> {
        if let reading = readings[user] { return reading }
        let before = memories[user]
        let reading = Task { try await read(user, before: before) }
        readings[user] = reading
        return reading
    }

    /// - Parameter before: what was remembered when it was decided to look again.
    private func read(_ user: UserID, before: Memory?) async throws {
        defer { readings[user] = nil }
        let start = ContinuousClock.now
        guard let standing = try await access?.standing(of: user) else {
            memories[user] = nil
            return
        }
        var memory = Memory(standing: standing, at: start)
        if let before, let now = memories[user], now.at == before.at {
            // The store may not have seen what was admitted since then.
            memory.bytes = now.bytes - before.bytes
            memory.jobs = now.jobs - before.jobs
        }
        if memories.count >= Self.users { memories = [:] }
        memories[user] = memory
    }

    private static func tooManyBytes(_ standing: QuotaStanding) -> APIError {
        APIError(
            .contentTooLarge, "storage_quota",
            "Your files would have more than the \(standing.quota.blobBytes) bytes that you may have; "
                + "\(standing.blobBytes) are in use.")
    }

    private static func tooManyJobs(_ standing: QuotaStanding) -> APIError {
        APIError(
            .tooManyRequests, "job_quota",
            "You may have \(standing.quota.jobs) jobs that have not ended; wait for some of them, or cancel them.",
            retryAfter: 10)
    }
}

extension Refusal {
    /// Of routes that ask `QuotaCheck`.
    static let quotas = [
        Refusal(.contentTooLarge, "storage_quota", "The caller's files would take more than their quota."),
        Refusal(.tooManyRequests, "job_quota", "The caller has too many jobs that have not ended."),
    ]
}
