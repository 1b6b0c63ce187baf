import HTTPTypes
import Hummingbird
import RunSurgeCore

/// Whether the process lives, and whether it can serve.
struct HealthRoutes: Sendable {
    private struct HealthView: Encodable { let status: String }

    let jobs: any JobStore
    let metrics: PrometheusRegistry?

    func add(to router: Router<APIRequestContext>) {
        router.get("/") { _, _ in try JSONBody.response(MessageView(message: "RunSurge is running.")) }
        router.get("/healthz") { _, _ in try JSONBody.response(HealthView(status: "ok")) }
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
        return try JSONBody.response(HealthView(status: "ready"))
    }
}
