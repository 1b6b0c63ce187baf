import Hummingbird
import RunSurgeCore

/// Lets a caller at their own nodes, and the operator at the cluster's own.
struct NodeAccess: Sendable {
    static let id = Parameter<NodeID>.identifier("id", "The number of the node.", refusal: .noSuchNode)
    static let refusals = [
        Refusal(.notFound, "node_not_found", "There is no such node."),
        Refusal(.forbidden, "forbidden", "The node is for its owner, or the cluster's own and for the operator."),
    ]

    let jobs: any JobStore
    /// nil: there is no operator.
    let operatorUser: UserID?

    /// What serves a route about the node that the path names, once the caller is known to be allowed at it.
    func user(_ serve: @escaping @Sendable (Call, Node) async throws -> Response) -> EndpointHandler {
        .user { call, user in
            guard let node = try await jobs.node(call[Self.id]) else { throw APIError.noSuchNode }
            guard node.owner == user.id || (node.owner == nil && user.id == operatorUser) else {
                throw APIError(.forbidden, "forbidden", "This node is for its owner and the operator.")
            }
            return try await serve(call, node)
        }
    }
}
