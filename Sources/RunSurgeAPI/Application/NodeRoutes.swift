import HTTPTypes
import Hummingbird
import RunSurgeCore

/// The machines that the caller may see: the cluster's and their own.
struct NodeRoutes: Sendable {
    let jobs: any JobStore
    /// Whose the cluster's own nodes are; nil: nobody's.
    let operatorUser: UserID?

    func add(to router: Router<APIRequestContext>) {
        router.get("/api/node", use: list)
        router.get("/api/node/{id}/log", use: log)
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
