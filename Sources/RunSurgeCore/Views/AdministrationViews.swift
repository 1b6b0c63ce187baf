/// Body of `PUT /api/admin/roles/{username}`.
public struct RoleRequest: Sendable, Codable {
    public let role: UserRole

    public init(role: UserRole) { self.role = role }
}

/// A user as administrators see them.
public struct AdministeredUserView: Sendable, Codable, Equatable {
    public let userID: UserID
    public let username: String
    public let email: String
    public let role: UserRole

    public init(_ user: User) {
        userID = user.id
        username = user.username
        email = user.email
        role = user.role
    }

    private enum CodingKeys: String, CodingKey {
        case userID = "user_id"
        case username, email, role
    }
}

/// Body of `PUT /api/admin/users/{user_id}/quota`: both, or neither for the usual quota.
public struct QuotaRequest: Sendable, Codable {
    /// Bytes.
    public let blobBytes: Int64?
    /// That have not ended.
    public let jobs: Int?

    public init(blobBytes: Int64?, jobs: Int?) {
        self.blobBytes = blobBytes
        self.jobs = jobs
    }

    private enum CodingKeys: String, CodingKey {
        case blobBytes = "blob_bytes"
        case jobs
    }
}

/// A quota and how much of it is used.
public struct QuotaView: Sendable, Codable, Equatable {
    /// Bytes.
    public let blobBytes: Int64
    public let jobs: Int
    /// Bytes.
    public let usedBlobBytes: Int64
    /// That have not ended.
    public let usedJobs: Int

    public init(_ standing: QuotaStanding) {
        blobBytes = standing.quota.blobBytes
        jobs = standing.quota.jobs
        usedBlobBytes = standing.blobBytes
        usedJobs = standing.jobs
    }

    private enum CodingKeys: String, CodingKey {
        case blobBytes = "blob_bytes"
        case jobs
        case usedBlobBytes = "used_blob_bytes"
        case usedJobs = "used_jobs"
    }
}

/// A security-relevant act.
public struct AuditEntryView: Sendable, Codable, Equatable {
    public let entryID: AuditEntryID
    public let at: String
    public let userID: UserID?
    public let action: String
    public let subject: String
    public let address: String?

    public init(_ entry: AuditEntry) {
        entryID = entry.id
        at = entry.at.iso8601
        userID = entry.user
        action = entry.action
        subject = entry.subject
        address = entry.address
    }

    private enum CodingKeys: String, CodingKey {
        case entryID = "entry_id"
        case userID = "user_id"
        case at, action, subject, address
    }
}

/// One page of an audit, newest first.
public struct AuditView: Sendable, Codable {
    public let entries: [AuditEntryView]
    /// `cursor` of the next page; nil on the last.
    public let nextCursor: String?

    public init(entries: [AuditEntryView], nextCursor: String?) {
        self.entries = entries
        self.nextCursor = nextCursor
    }

    private enum CodingKeys: String, CodingKey {
        case entries
        case nextCursor = "next_cursor"
    }
}
