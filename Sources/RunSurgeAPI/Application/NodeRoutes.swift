import Hummingbird
import RunSurgeCore

/// The machines that the caller may see: the cluster's and their own.
struct NodeRoutes: Sendable {
    let jobs: any JobStore
    /// Who may look into and drain the cluster's own nodes; nil: nobody.
    let operatorUser: UserID?

    private static let id = Parameter<NodeID>.identifier("id", "The number of the node.", refusal: .noSuchNode)
    private static let limit = Parameter.integer(
        "limit", in: 1...Int64(Limits.pageItems), default: 100, "Entries of the page, at most.")
    private static let before = Parameter.optionalInteger(
        "before", in: 0 ... .max, "`next_before` of the page before, microseconds since 1970.")
    private static let refusals = [
        Refusal(.notFound, "node_not_found", "There is no such node."),
        Refusal(.forbidden, "forbidden", "The node is for its owner and the operator."),
    ]

    var endpoints: [Endpoint] {
        [
            Endpoint(
                .get, "/api/node", id: "listNodes", .nodes, "Lists the cluster's nodes and the caller's own.",
                answers: [.json([NodeView].self, "The nodes.")], .user(list)),
            Endpoint(
                .get, "/api/node/{id}/log", id: "nodeLog", .nodes, "Shows a page of a node's history, newest first.",
                parameters: [Self.id.description, Self.limit.description, Self.before.description],
                answers: [.json(NodeLogView.self, "What became of the node.")], refusals: Self.refusals, .user(log)),
            Endpoint(
                .post, "/api/node/{id}/drain", id: "drainNode", .nodes,
                "Lets a node take nothing more. What it runs may end.", parameters: [Self.id.description],
                answers: [.json(MessageView.self, "It drains.")], refusals: Self.refusals,
                .user { try await setDraining($0, $1, to: true) }),
            Endpoint(
                .post, "/api/node/{id}/undrain", id: "undrainNode", .nodes, "Lets a drained node work again.",
                parameters: [Self.id.description], answers: [.json(MessageView.self, "It works again.")],
                refusals: Self.refusals, .user { try await setDraining($0, $1, to: false) }),
        ]
    }

    private func setDraining(_ call: Call, _ user: User, to isDraining: Bool) async throws -> Response {
        let id = call[Self.id]
        guard let node = try await jobs.node(id) else { throw APIError.noSuchNode }
        guard node.owner == user.id || (node.owner == nil && user.id == operatorUser),
            try await jobs.setDraining(id, owner: node.owner, to: isDraining)
        else { throw APIError(.forbidden, "forbidden", "This node is for its owner and the operator to drain.") }
        let message = isDraining ? "Node \(id) is given nothing more." : "Node \(id) is given work again."
        return try JSONBody.response(MessageView(message: message))
    }

    @Sendable private func list(_ call: Call, _ user: User) async throws -> Response {
        let nodes = try await jobs.nodes(owner: nil) + jobs.nodes(owner: user.id)
        return try JSONBody.response(nodes.map(NodeView.init))
    }

    @Sendable private func log(_ call: Call, _ user: User) async throws -> Response {
        let id = call[Self.id]
        guard let node = try await jobs.node(id) else { throw APIError.noSuchNode }
        guard node.owner == user.id || user.id == operatorUser else {
            throw APIError(.forbidden, "forbidden", "The history of this node is for its owner and the operator.")
        }
        let limit = Int(call[Self.limit])
        let before = call[Self.before].map(Timestamp.init(microseconds:))
        let entries = try await jobs.nodeLog(of: id, owner: node.owner, before: before, limit: limit)
        return try JSONBody.response(NodeLogView(node: id, entries: entries, limit: limit))
    }
}
