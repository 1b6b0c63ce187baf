import HTTPTypes
import Hummingbird
import NIOCore
import RunSurgeCore

/// `/metrics`, for callers on this machine, and for those with the metrics token or the operator's.
struct MetricsRoute: Sendable {
    let registry: PrometheusRegistry
    let token: String?
    let operatorUser: UserID?

    var endpoints: [Endpoint] {
        [
            Endpoint(
                .get, "/metrics", id: "metrics", .service, "Shows the server's figures as Prometheus reads them.",
                answers: [Answer(.ok, "The figures.", .media(["text/plain"]))],
                refusals: [.unauthenticated], .anyone(show))
        ]
    }

    @Sendable private func show(_ call: Call) throws -> Response {
        guard mayRead(call.request, call.context) else {
            throw APIError(
                .unauthorized, "unauthenticated",
                "Metrics are shown on this machine, or with the metrics token or the operator's as "
                    + "`Authorization: Bearer`.")
        }
        return Response(
            status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: registry.text())))
    }

    private func mayRead(_ request: Request, _ context: APIRequestContext) -> Bool {
        if let operatorUser, case .user(let user) = context.identity, user.id == operatorUser { return true }
        if let token, let given = Authenticator.bearer(of: request), ConstantTime.areEqual(token, given) { return true }
        return isLocal(request, context)
    }

    /// A proxy on this machine speaks for others, and says so.
    private func isLocal(_ request: Request, _ context: APIRequestContext) -> Bool {
        if request.headers.contains(where: { Self.forwarding.contains($0.name.canonicalName) }) { return false }
        guard let address = context.channel.remoteAddress else { return false }
        return switch address {
        case .v4, .v6: address.ipAddress.map(Self.isLoopback) ?? false
        case .unixDomainSocket: true
        }
    }

    static func isLoopback(_ address: String) -> Bool {
        address == "::1" || address.hasPrefix("127.") || address.lowercased().hasPrefix("::ffff:127.")
    }

    private static let forwarding: Set<String> = ["x-forwarded-for", "forwarded", "x-real-ip", "via"]
}
