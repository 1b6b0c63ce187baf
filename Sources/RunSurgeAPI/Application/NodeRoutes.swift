import Hummingbird
import RunSurgeCore

/// The machines that the caller may see: the cluster's and their own.
struct NodeRoutes: Sendable {
    let jobs: any JobStore
    /// nil: nobody earns anything.
    let usage: (any UsageStore)?
    /// nil: no machines can be added.
    let enrolment: (any EnrolmentStore)?
    /// Who may look into and drain the cluster's own nodes; nil: nobody.
    let operatorUser: UserID?

    private static let limit = Parameter.integer(
        "limit", in: 1...Int64(Limits.pageItems), default: 100, "Entries of the page, at most.")
    private static let before = Parameter.optionalInteger(
        "before", in: 0 ... .max, "`next_before` of the page before, microseconds since 1970.")

    var endpoints: [Endpoint] {
        let access = NodeAccess(jobs: jobs, operatorUser: operatorUser)
        return [
            Endpoint(
                .get, "/api/node", id: "listNodes", .nodes, "Lists the cluster's nodes and the caller's own.",
                answers: [.json([NodeView].self, "The nodes.")], .user(list)),
            Endpoint(
                .get, "/api/node/{id}/log", id: "nodeLog", .nodes, "Shows a page of a node's history, newest first.",
                parameters: [NodeAccess.id.description, Self.limit.description, Self.before.description],
                answers: [.json(NodeLogView.self, "What became of the node.")], refusals: NodeAccess.refusals,
                .user(log)),
            Endpoint(
                .post, "/api/node/{id}/drain", id: "drainNode", .nodes,
                "Lets a node take nothing more. What it runs may end.", parameters: [NodeAccess.id.description],
                answers: [.json(MessageView.self, "It drains.")], refusals: NodeAccess.refusals,
                access.user { _, node in try await setDraining(node, to: true) }),
            Endpoint(
                .post, "/api/node/{id}/undrain", id: "undrainNode", .nodes, "Lets a drained node work again.",
                parameters: [NodeAccess.id.description], answers: [.json(MessageView.self, "It works again.")],
                refusals: NodeAccess.refusals, access.user { _, node in try await setDraining(node, to: false) }),
        ] + (enrolment.map { [announcement($0)] } ?? [])
    }

    /// What a client of the original says of a machine proves nothing about it: the node is known by its name, and not
    /// alive until a machine was enrolled as it and is attached. The same again is the same node.
    private func announcement(_ enrolment: any EnrolmentStore) -> Endpoint {
        Endpoint(
            .post, "/api/node", id: "announceNode", .nodes,
            "Makes a node known by its name. It works once a machine is enrolled by this name; the other fields of "
                + "the original are taken, and what they say is measured then.",
            body: .json(NodeRequest.self, extras: .ignored),
            answers: [.json(NodeView.self, "The node, the same when it was known already.")],
            refusals: [
                Refusal(.conflict, "too_many_nodes", "The caller has too many nodes that nothing was enrolled for.")
            ],
            .user { call, user in
                let name = try await call.body(NodeRequest.self).nodeName
                do {
                    let node = try await enrolment.announceNode(name: name, owner: user.id)
                    let earned = try await usage?.earnings(ofNodesOf: user.id)[node.id]?.total ?? 0
                    return try JSONBody.response(NodeView(node, earned: earned))
                } catch StoreError.conflict(field: "node") {
                    throw APIError(
                        .conflict, "too_many_nodes",
                        "You have \(Limits.announcedNodes) nodes that no machine was enrolled for; enrol some.")
                }
            })
    }

    private func setDraining(_ node: Node, to isDraining: Bool) async throws -> Response {
        guard try await jobs.setDraining(node.id, owner: node.owner, to: isDraining) else { throw APIError.noSuchNode }
        let message = isDraining ? "Node \(node.id) is given nothing more." : "Node \(node.id) is given work again."
        return try JSONBody.response(MessageView(message: message))
    }

    @Sendable private func list(_ call: Call, _ user: User) async throws -> Response {
        let nodes = try await jobs.nodes(owner: nil) + jobs.nodes(owner: user.id)
        let earned = try await usage?.earnings(ofNodesOf: user.id) ?? [:]
        return try JSONBody.response(nodes.map { NodeView($0, earned: earned[$0.id]?.total ?? 0) })
    }

    /// The operator sees the history of all.
    @Sendable private func log(_ call: Call, _ user: User) async throws -> Response {
        let id = call[NodeAccess.id]
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
