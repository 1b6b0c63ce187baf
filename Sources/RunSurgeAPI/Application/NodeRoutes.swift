import Hummingbird
import RunSurgeCore

/// The machines that the caller may see: the cluster's and their own.
struct NodeRoutes: Sendable {
    let jobs: any JobStore

    func add(to router: Router<APIRequestContext>) { router.get("/api/node", use: list) }

    @Sendable private func list(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        let user = try context.requireUser()
        let nodes = try await jobs.nodes(owner: nil) + jobs.nodes(owner: user.id)
        return try JSONBody.response(nodes.map(NodeView.init))
    }
}
