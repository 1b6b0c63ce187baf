/// Answer to `GET /api/cluster`: how monitoring tools find the master's events.
public struct ClusterView: Sendable, Codable, Equatable {
    public let role: MasterRoleView.Role
    /// Of the leader, when it is this master.
    public let term: Int64?
    /// ZeroMQ endpoints, empty until the master leads. Those of `*` or of an address that means "this machine" are at
    /// the host that the REST facade was reached by.
    public let workEndpoint: String
    public let eventsEndpoint: String
    /// CURVE public keys of this master, hexadecimal: the one in use and the next.
    public let serverKeys: [String]

    public init(_ master: MasterRoleView, work: String, events: String, serverKeys: [[UInt8]] = []) {
        role = master.role
        term = master.term
        workEndpoint = work
        eventsEndpoint = events
        self.serverKeys = serverKeys.map { HexCoding.encode($0) }
    }

    private enum CodingKeys: String, CodingKey {
        case role, term
        case workEndpoint = "work_endpoint"
        case eventsEndpoint = "events_endpoint"
        case serverKeys = "server_keys"
    }
}
