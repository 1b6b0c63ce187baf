import Hummingbird
import RunSurgeCore

/// Where the master's sockets are, for monitoring tools.
struct ClusterRoutes: Sendable {
    let view: @Sendable () -> ClusterView

    var endpoints: [Endpoint] {
        [
            Endpoint(
                .get, "/api/cluster", id: "cluster", .service, "Tells where the master's sockets are.",
                answers: [.json(ClusterView.self, "The master and its ZeroMQ endpoints.")],
                .user { _, _ in try JSONBody.response(view()) })
        ]
    }
}
