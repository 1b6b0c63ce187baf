/// A change as the data of a server-sent event, whose `event` is the kind of its subject and whose `id` is its cursor.
public struct EventView: Sendable, Codable, Equatable {
    /// Which of the three it is.
    public let jobID: JobID?
    public let groupID: JobGroupID?
    public let nodeID: NodeID?
    /// As the views of jobs and groups have it; of a node `alive`, `draining` or `gone`.
    public let status: String
    public let at: String

    public init(subject: Event.Subject, status: String, at: Timestamp) {
        (jobID, groupID, nodeID) =
            switch subject {
            case .job(let id): (id, nil, nil)
            case .group(let id): (nil, id, nil)
            case .node(let id): (nil, nil, id)
            }
        self.status = status
        self.at = at.iso8601
    }

    private enum CodingKeys: String, CodingKey {
        case status, at
        case jobID = "job_id"
        case groupID = "group_id"
        case nodeID = "node_id"
    }
}
