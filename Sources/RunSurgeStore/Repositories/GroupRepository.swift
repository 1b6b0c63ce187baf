import PostgreSQL
import RunSurgeCore

/// Groups in PostgreSQL, as their owners see them.
struct GroupRepository: GroupStore {
    let database: Database

    // MARK: Creation

    func createGroup(
        _ group: NewGroup, owner: UserID, idempotency: Idempotency<GroupDetail>?
    ) async throws -> Once<GroupDetail> {
        // Names this call, so that it can be repeated.
        let submission = JobRow.newSubmission()
        let created = try await database.once(idempotency) { connection in
            let stored = try await connection.query(
                GroupRow.select + " WHERE g.submission = $1", [.uuid(submission)]
            ).first.map(GroupRow.decode)
            if let stored {
                return GroupDetail(group: stored, members: try await Self.members([stored.id], owner, connection))
            }
            return try await Self.create(group, owner, submission, connection)
        }
        await database.wakeups.signal(.events)
        return created
    }

    private static func create(
        _ group: NewGroup, _ owner: UserID, _ submission: String, _ connection: Connection
    ) async throws -> GroupDetail {
        let inserted = try await connection.run(GroupRow.insert(group, owner: owner, submission: submission)).rows
        guard let id: JobGroupID = try inserted.first?.identifier("id") else {
            throw StoreError.inconsistent("a group was not stored")
        }
        let submissions = (0..<group.memberCount).map { _ in JobRow.newSubmission() }
        let results = try await connection.pipeline([
            try JobRow.insert(group.draft, owner: owner, submissions: submissions, isReady: false, group: id),
            Statement(
                """
                INSERT INTO group_member (group_id, ordinal, job_id)
                SELECT $1, row_number() OVER (ORDER BY id), id FROM job WHERE group_id = $1
                """, [.identifier(id)]),
            Statement(GroupRow.select + " WHERE g.id = $1", [.identifier(id)]),
        ])
        guard let stored = try results[2].first.map(GroupRow.decode) else {
            throw StoreError.inconsistent("a group was not stored")
        }
        return GroupDetail(group: stored, members: try await members([id], owner, connection))
    }

    // MARK: Reading

    func group(_ id: JobGroupID, owner: UserID) async throws -> JobGroup? {
        try await database.query(
            GroupRow.select + " WHERE g.id = $1 AND g.owner_id = $2", [.identifier(id), .identifier(owner)]
        ).first.map(GroupRow.decode)
    }

    func ownerOfGroup(_ id: JobGroupID) async throws -> UserID? {
        try await database.query("SELECT owner_id FROM job_group WHERE id = $1", [.identifier(id)])
            .first.map { try $0.identifier("owner_id") }
    }

    func groups(owner: UserID, before: JobGroupID?, limit: Int) async throws -> [JobGroup] {
        try await database.query(
            GroupRow.select + " WHERE g.owner_id = $1 AND g.id < $2 ORDER BY g.id DESC LIMIT $3",
            [.identifier(owner), .int64(before?.rawValue ?? .max), .int(limit)]
        ).map(GroupRow.decode)
    }

    func members(of groups: [JobGroupID], owner: UserID) async throws -> [GroupMember] {
        try await database.query(Self.selectMembers, [.identifiers(groups), .identifier(owner)])
            .map(GroupRow.decodeMember)
    }

    private static let selectMembers =
        GroupRow.selectMembers + " WHERE m.group_id = ANY ($1) AND g.owner_id = $2 ORDER BY m.group_id, m.ordinal"

    private static func members(
        _ groups: [JobGroupID], _ owner: UserID, _ connection: Connection
    ) async throws -> [GroupMember] {
        try await connection.query(selectMembers, [.identifiers(groups), .identifier(owner)])
            .map(GroupRow.decodeMember)
    }

    // MARK: Cancellation

    func cancelGroup(_ id: JobGroupID, owner: UserID) async throws -> Bool {
        let (jobs, attempts) = try await database.countingAttempts { connection in
            try await connection.transaction { try await Self.cancel(id, owner: owner, $0) }
        }
        var isCancelled = jobs != nil
        if !isCancelled, attempts > 1 {
            // After a lost connection, it is this call that has cancelled it.
            isCancelled = try await group(id, owner: owner)?.isCancelled ?? false
        }
        guard isCancelled else { return false }
        await database.wakeups.signal(.work)
        await database.wakeups.signal(.events)
        await database.wakeups.jobsChanged(jobs ?? [])
        return true
    }

    /// The jobs before the group, as whatever ends a job goes; and again those that were made meanwhile.
    private static func cancel(
        _ id: JobGroupID, owner: UserID, _ connection: Connection
    ) async throws -> [JobID]? {
        let before = try await cancelJobs(of: id, owner: owner, connection)
        let ended = try await connection.execute(
            """
            UPDATE job_group SET state = 'failed', cancelled_at = clock_timestamp(), failure = 'It was cancelled.',
                finished_at = coalesce(finished_at, clock_timestamp())
            WHERE id = $1 AND owner_id = $2 AND (finished_at IS NULL OR $3)
            """, [.identifier(id), .identifier(owner), .bool(!before.isEmpty)])
        guard ended > 0 else { return nil }
        return before + (try await cancelJobs(of: id, owner: owner, connection))
    }

    private static func cancelJobs(
        of id: JobGroupID, owner: UserID, _ connection: Connection
    ) async throws -> [JobID] {
        try await connection.query(
            """
            UPDATE job SET state = 'cancelled', finished_at = clock_timestamp()
            WHERE group_id = $1 AND owner_id = $2 AND finished_at IS NULL RETURNING id
            """, [.identifier(id), .identifier(owner)]
        ).map { try $0.identifier("id") }
    }

    // MARK: Retry

    func retry(
        _ member: JobID, of group: JobGroupID, owner: UserID, idempotency: Idempotency<GroupMember>?
    ) async throws -> Once<GroupMember> {
        let submission = JobRow.newSubmission()
        let retried = try await database.once(idempotency) { connection in
            let stored = try await Self.member(submission: submission, connection)
            if let stored { return stored }
            return try await Self.replace(member, of: group, owner: owner, by: submission, connection)
        }
        await database.wakeups.signal(.work)
        await database.wakeups.signal(.events)
        return retried
    }

    private static func replace(
        _ member: JobID, of group: JobGroupID, owner: UserID, by submission: String, _ connection: Connection
    ) async throws -> GroupMember {
        let locked = try await connection.query(
            """
            SELECT cancelled_at IS NOT NULL AS is_cancelled,
                EXISTS (SELECT FROM payment WHERE group_id = $1) AS is_paid
            FROM job_group WHERE id = $1 AND owner_id = $2 FOR UPDATE
            """, [.identifier(group), .identifier(owner)])
        let members = try await connection.query(
            GroupRow.selectMembers + " WHERE m.group_id = $1 AND m.job_id = $2 AND g.owner_id = $3",
            [.identifier(group), .identifier(member), .identifier(owner)])
        guard let lock = locked.first, let old = try members.first.map(GroupRow.decodeMember) else {
            throw GroupRefusal.unknown
        }
        guard try !lock.bool("is_cancelled") else { throw GroupRefusal.cancelled }
        guard try !lock.bool("is_paid") else { throw GroupRefusal.paid }
        guard old.isUnsuccessful else { throw GroupRefusal.notFailed }
        let jobs = try await connection.query(JobRow.select + " WHERE j.id = $1", [.identifier(member)])
        guard let job = try jobs.first.map(JobRow.decode) else { throw GroupRefusal.unknown }
        _ = try await connection.pipeline([
            try JobRow.insert(
                job.specification, owner: owner, submissions: [submission], isReady: old.isReady, group: group),
            Statement(
                """
                UPDATE group_member SET job_id = (SELECT id FROM job WHERE submission = $3)
                WHERE group_id = $1 AND job_id = $2
                """, [.identifier(group), .identifier(member), .uuid(submission)]),
            // What its files were called, and what they need, is still true of those that are used again.
            Statement(
                """
                INSERT INTO upload (job_id, file_name, total, received, bytes, required_memory, finished_at, swept_at)
                SELECT j.id, u.file_name, u.total, u.received, u.bytes, u.required_memory, clock_timestamp(),
                    clock_timestamp()
                FROM upload u, job j WHERE u.job_id = $1 AND j.submission = $2 AND j.is_ready
                """, [.identifier(member), .uuid(submission)]),
            Statement(
                """
                UPDATE job_group SET unfinished = unfinished + 1, unsuccessful = unsuccessful - 1, state = 'running',
                    finished_at = NULL, failure = NULL
                WHERE id = $1
                """, [.identifier(group)]),
        ])
        guard let replaced = try await self.member(submission: submission, connection) else {
            throw StoreError.inconsistent("a member was not stored")
        }
        return replaced
    }

    private static func member(submission: String, _ connection: Connection) async throws -> GroupMember? {
        try await connection.query(GroupRow.selectMembers + " WHERE j.submission = $1", [.uuid(submission)])
            .first.map(GroupRow.decodeMember)
    }
}
