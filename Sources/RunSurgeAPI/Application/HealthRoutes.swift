import HTTPTypes
import Hummingbird
import RunSurgeCore

/// Whether the process lives, and whether it can serve.
struct HealthRoutes: Sendable {
    private struct HealthView: Encodable {
        let status: String
        let role: MasterRoleView.Role?
        let term: Int64?
    }

    let jobs: any JobStore
    /// Of the master beside the facade; nil when there is none. A standby is ready: it serves all that this facade has.
    let role: (@Sendable () -> MasterRoleView)?
    let metrics: PrometheusRegistry?

    func add(to router: Router<APIRequestContext>) {
        router.get("/") { _, _ in try JSONBody.response(MessageView(message: "RunSurge is running.")) }
        router.get("/healthz") { _, _ in try JSONBody.response(health("ok")) }
        router.get("/readyz", use: ready)
        guard let metrics else { return }
        router.get("/metrics") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: metrics.text())))
        }
    }

    @Sendable private func ready(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        do {
            try await jobs.ping()
        } catch {
            context.logger.warning("Not ready", metadata: ["error": "\(String(reflecting: error))"])
            throw APIError(
                .serviceUnavailable, "not_ready", "The database does not answer; see the server's log.", retryAfter: 1)
        }
        return try JSONBody.response(health("ready"))
    }

    private func health(_ status: String) -> HealthView {
        let view = role?()
        return HealthView(status: status, role: view?.role, term: view?.term)
    }
}
