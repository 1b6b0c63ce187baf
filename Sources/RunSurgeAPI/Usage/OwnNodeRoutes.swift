import Hummingbird
import RunSurgeCore

/// What the caller's nodes do and earn.
struct OwnNodeRoutes: Sendable {
    let jobs: any JobStore
    let usage: any UsageStore
    let pages: Pages
    let nodes: NodeAccess

    var endpoints: [Endpoint] {
        [
            Endpoint(
                .get, "/api/users/nodes", id: "ownNodes", .nodes,
                "Shows what the caller's nodes have earned, and a page of them, newest first.",
                parameters: Pages.parameters,
                answers: [.json(OwnNodesView.self, "Earnings and nodes.", headers: Pages.headers)], .user(list)),
            Endpoint(
                .get, "/api/node/{id}", id: "node", .nodes,
                "Shows what a node has done and earned, a page of it, newest first.",
                parameters: [NodeAccess.id.description] + Pages.parameters,
                answers: [.json(NodeDetailView.self, "The node.", headers: Pages.headers)],
                refusals: NodeAccess.refusals, nodes.user(show)),
            Endpoint(
                .put, "/api/node/{id}/factor", id: "setFactor", .nodes,
                "Sets how many times as much as usual work on a node costs from now on.",
                parameters: [NodeAccess.id.description], body: .json(FactorRequest.self),
                answers: [.json(FactorView.self, "The factor, to the thousandth.")], refusals: NodeAccess.refusals,
                nodes.user(setFactor)),
        ]
    }

    @Sendable private func list(_ call: Call, _ user: User) async throws -> Response {
        let all = try await jobs.nodes(owner: user.id).sorted { $0.id > $1.id }
        let earned = try await usage.earnings(ofNodesOf: user.id)
        let sum = earned.values.reduce(Earnings(paid: 0, pending: 0)) {
            Earnings(paid: $0.paid.adding($1.paid), pending: $0.pending.adding($1.pending))
        }
        return try await pages.response(to: call, list: "nodes of \(user.id)", number: \.id.rawValue) { before, limit in
            Array(all.drop { node in before.map { node.id.rawValue >= $0 } ?? false }.prefix(limit))
        } view: { page, next in
            OwnNodesView(
                earnings: sum, count: all.count, nodes: page.map { NodeView($0, earned: earned[$0.id]?.total ?? 0) },
                nextCursor: next)
        }
    }

    @Sendable private func show(_ call: Call, _ node: Node) async throws -> Response {
        let list = "usage of node \(node.id)"
        guard let owner = node.owner else {
            return try await pages.response(to: call, list: list, number: \.id.rawValue) { _, _ -> [UsageEntry] in
                []
            } view: { page, next in
                NodeDetailView(node, earned: 0, tasks: page, nextCursor: next)
            }
        }
        let earned = try await usage.earnings(ofNodesOf: owner)[node.id]?.total ?? 0
        return try await pages.response(to: call, list: list, number: \.id.rawValue) { before, limit in
            try await usage.entries(
                of: node.id, owner: owner, before: before.map { UsageEntryID($0) }, limit: limit)
        } view: { page, next in
            NodeDetailView(node, earned: earned, tasks: page, nextCursor: next)
        }
    }

    @Sendable private func setFactor(_ call: Call, _ node: Node) async throws -> Response {
        let thousandths = Int32((try await call.body(FactorRequest.self).factor * 1_000).rounded())
        guard try await usage.setFactor(thousandths, of: node.id, owner: node.owner) else { throw APIError.noSuchNode }
        return try JSONBody.response(FactorView(factor: Double(thousandths) / 1_000))
    }
}
