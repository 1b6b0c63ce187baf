/// What a master is to its database, as REST shows it.
public struct MasterRoleView: Sendable, Codable, Equatable {
    public enum Role: String, Sendable, Codable, CaseIterable { case starting, standby, leader }

    public let role: Role
    /// Of the leader.
    public let term: Int64?

    public init(role: Role, term: Int64?) {
        self.role = role
        self.term = term
    }
}
