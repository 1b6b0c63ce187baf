import Hummingbird

/// Counts and times requests outside of the router, where answers to HEAD have their final form too.
struct MeasuredResponder<Base: HTTPResponder>: HTTPResponder where Base.Context == APIRequestContext {
    private let base: Base
    /// nil: nothing is measured.
    private let metrics: MetricsMiddleware<APIRequestContext>?

    init(_ base: Base, isMeasuring: Bool) {
        self.base = base
        metrics = isMeasuring ? MetricsMiddleware() : nil
    }

    func respond(to request: Request, context: APIRequestContext) async throws -> Response {
        guard let metrics else { return try await base.respond(to: request, context: context) }
        return try await metrics.handle(request, context: context) { try await base.respond(to: $0, context: $1) }
    }
}
