import HTTPTypes
import Hummingbird
import RunSurgeCore

/// Where the master's sockets are, for monitoring tools.
struct ClusterRoutes: Sendable {
    let view: @Sendable () -> ClusterView

    func add(to router: Router<APIRequestContext>) {
        router.get("/api/cluster") { _, context in
            _ = try context.requireUser()
            return try JSONBody.response(view())
        }
    }
}
