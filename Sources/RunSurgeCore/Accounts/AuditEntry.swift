/// A security-relevant act. Entries are added and never changed.
public struct AuditEntry: Sendable, Equatable {
    public let id: AuditEntryID
    public let at: Timestamp
    /// Who did it; nil: nobody who is known (any more).
    public let user: UserID?
    public let action: String
    /// What it was done to.
    public let subject: String
    public let address: String?

    public init(id: AuditEntryID, at: Timestamp, user: UserID?, action: String, subject: String, address: String?) {
        self.id = id
        self.at = at
        self.user = user
        self.action = action
        self.subject = subject
        self.address = address
    }
}

public typealias AuditEntryID = Identifier<AuditEntry>
