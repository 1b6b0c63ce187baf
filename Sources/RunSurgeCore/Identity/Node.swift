/// A machine that runs chunks; `nil` owner: the cluster's own, attached on the master's machine.
public struct Node: Sendable, Equatable {
    public let id: NodeID
    public let owner: UserID?
    public let name: String
    public let slots: Int
    /// Bytes that all slots together may use.
    public let memory: Int64
    public let isAlive: Bool
    /// It is given nothing more.
    public let isDraining: Bool
    public let createdAt: Timestamp
    public let lastSeenAt: Timestamp?
    public let completedChunks: Int64

    public init(
        id: NodeID, owner: UserID?, name: String, slots: Int, memory: Int64, isAlive: Bool, isDraining: Bool = false,
        createdAt: Timestamp, lastSeenAt: Timestamp?, completedChunks: Int64
    ) {
        self.id = id
        self.owner = owner
        self.name = name
        self.slots = slots
        self.memory = memory
        self.isAlive = isAlive
        self.isDraining = isDraining
        self.createdAt = createdAt
        self.lastSeenAt = lastSeenAt
        self.completedChunks = completedChunks
    }
}
