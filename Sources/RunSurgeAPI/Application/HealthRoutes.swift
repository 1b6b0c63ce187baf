import HTTPTypes
import Hummingbird
import RunSurgeCore

/// Whether the process lives (if not: restart it), and whether it can serve (if not: send nobody there).
struct HealthRoutes: Sendable {
    /// A leading master whose clock has not ticked for this long is stuck for good.
    private static let longestSilence = Duration.seconds(60)

    let jobs: any JobStore
    /// Of the master beside the facade; nil when there is none.
    let role: (@Sendable () -> MasterRoleView)?
    let masterSilence: @Sendable () -> Duration?

    var endpoints: [Endpoint] {
        [
            Endpoint(
                .get, "/", id: "root", .service, "Says that the server runs.",
                answers: [.json(MessageView.self, "It runs.")],
                .anyone { _ in try JSONBody.response(MessageView(message: "RunSurge is running.")) }),
            Endpoint(
                .get, "/healthz", id: "health", .service, "Tells whether the process lives; if not: restart it.",
                answers: [.json(HealthView.self, "It lives.")],
                refusals: [Refusal(.serviceUnavailable, "stalled", "The master's clock stands still.")],
                .anyone(health)),
            Endpoint(
                .get, "/readyz", id: "ready", .service, "Tells whether it can serve; if not: send nobody here.",
                answers: [.json(HealthView.self, "It can serve.")],
                refusals: [Refusal(.serviceUnavailable, "not_ready", "The database or the master is not there yet.")],
                .anyone(ready)),
        ]
    }

    @Sendable private func health(_ call: Call) async throws -> Response {
        if let silence = masterSilence(), silence > Self.longestSilence {
            throw APIError(
                .serviceUnavailable, "stalled",
                "The master's clock has stood still for \(silence.components.seconds) seconds; restart it.")
        }
        let role = role?()
        return try JSONBody.response(HealthView(status: "ok", role: role?.role, term: role?.term))
    }

    /// A standby is ready: what is submitted to it is in the database, where the leading master finds it.
    @Sendable private func ready(_ call: Call) async throws -> Response {
        do {
            try await jobs.ping()
        } catch {
            call.context.logger.warning("Not ready", metadata: ["error": "\(String(reflecting: error))"])
            throw APIError(
                .serviceUnavailable, "not_ready", "The database does not answer; see the server's log.", retryAfter: 1)
        }
        let role = role?()
        if role?.role == .starting {
            throw APIError(.serviceUnavailable, "not_ready", "The master is starting.", retryAfter: 1)
        }
        return try JSONBody.response(
            HealthView(status: "ready", database: "ok", role: role?.role, term: role?.term))
    }
}

/// Answer to `/healthz` and `/readyz`.
struct HealthView: Codable {
    let status: String
    var database: String?
    let role: MasterRoleView.Role?
    let term: Int64?
}
