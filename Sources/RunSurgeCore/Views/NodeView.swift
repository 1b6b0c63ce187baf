/// A node as REST shows it.
public struct NodeView: Sendable, Codable, Equatable {
    public let nodeID: NodeID
    /// nil: the cluster's own.
    public let userID: UserID?
    public let nodeName: String
    public let isAlive: Bool
    public let isDraining: Bool
    public let createdAt: String
    public let lastSeenAt: String?
    public let slots: Int
    public let memoryBytes: Int64
    /// The original's word for chunks.
    public let completedTasks: Int64
    /// The cluster's own nodes earn nothing.
    public let totalEarnings: Amount

    public init(_ node: Node, earned: MicroUnits = 0) {
        nodeID = node.id
        userID = node.owner
        nodeName = node.name
        isAlive = node.isAlive
        isDraining = node.isDraining
        createdAt = node.createdAt.iso8601
        lastSeenAt = node.lastSeenAt?.iso8601
        slots = node.slots
        memoryBytes = node.memory
        completedTasks = node.completedChunks
        totalEarnings = Amount(earned)
    }

    private enum CodingKeys: String, CodingKey {
        case nodeID = "node_id"
        case userID = "user_id"
        case nodeName = "node_name"
        case isAlive = "is_alive"
        case isDraining = "is_draining"
        case createdAt = "created_at"
        case lastSeenAt = "last_seen_at"
        case slots
        case memoryBytes = "memory_bytes"
        case completedTasks = "num_of_completed_tasks"
        case totalEarnings = "total_node_earnings"
    }
}
