import HTTPTypes
import Hummingbird
import RunSurgeCore

/// The machines that the caller may see: the cluster's and their own.
struct NodeRoutes: Sendable {
    let jobs: any JobStore
    /// Who may look into and drain the cluster's own nodes; nil: nobody.
    let operatorUser: UserID?

    func add(to router: Router<APIRequestContext>) {
        router.get("/api/node", use: list)
        router.get("/api/node/{id}/log", use: log)
        router.post("/api/node/{id}/drain") { try await setDraining($0, $1, to: true) }
        router.post("/api/node/{id}/undrain") { try await setDraining($0, $1, to: false) }
    }

    private func setDraining(
        _ request: Request, _ context: APIRequestContext, to isDraining: Bool
    ) async throws -> Response {
        let user = try context.requireUser()
        guard let id = context.parameters.get("id", as: Int64.self).map(NodeID.init(_:)),
            let node = try await jobs.node(id)
        else { throw APIError(.notFound, "node_not_found", "There is no such node.") }
        guard node.owner == user.id || (node.owner == nil && user.id == operatorUser),
            try await jobs.setDraining(id, owner: node.owner, to: isDraining)
        else { throw APIError(.forbidden, "forbidden", "This node is for its owner and the operator to drain.") }
        let message = isDraining ? "Node \(id) is given nothing more." : "Node \(id) is given work again."
        return try JSONBody.response(MessageView(message: message))
    }

    @Sendable private func list(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        let user = try context.requireUser()
        let nodes = try await jobs.nodes(owner: nil) + jobs.nodes(owner: user.id)
        return try JSONBody.response(nodes.map(NodeView.init))
    }

    @Sendable private func log(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        let user = try context.requireUser()
        guard let id = context.parameters.get("id", as: Int64.self).map(NodeID.init(_:)),
            let node = try await jobs.node(id)
        else { throw APIError(.notFound, "node_not_found", "There is no such node.") }
        guard node.owner == user.id || user.id == operatorUser else {
            throw APIError(.forbidden, "forbidden", "The history of this node is for its owner and the operator.")
        }
        let query = QueryFields(request)
        let limit = Int(try query.integer("limit", in: 1...Int64(Limits.pageItems)) ?? 100)
        let before = try query.integer("before", in: 0 ... .max).map(Timestamp.init(microseconds:))
        let entries = try await jobs.nodeLog(of: id, owner: node.owner, before: before, limit: limit)
        return try JSONBody.response(NodeLogView(node: id, entries: entries, limit: limit))
    }
}
