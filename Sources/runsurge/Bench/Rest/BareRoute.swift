import Hummingbird
import Logging

/// A server of one route that does nothing: what the HTTP library can do by itself.
enum BareRoute {
    /// Serves while `body` runs with its URL.
    static func with<Value: Sendable>(
        _ body: @escaping @Sendable (_ url: String) async throws -> Value
    ) async throws -> Value {
        let router = Router()
        router.get("bare") { _, _ in "{\"message\": \"nothing\"}" }
        var logger = Logger(label: "bare")
        // That it is ended by cancellation is what it calls an error.
        logger.logLevel = .critical
        let (ports, running) = AsyncStream.makeStream(of: Int.self)
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { running.yield($0.localAddress?.port ?? 0) }, logger: logger)
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask {
                try await application.run()
                return nil
            }
            group.addTask {
                guard let port = await ports.first(where: { _ in true }) else { throw CancellationError() }
                return try await body("http://127.0.0.1:\(port)/bare")
            }
            defer { group.cancelAll() }
            guard let value = try await group.next() ?? nil else {
                throw CommandError.failure("the bare server has ended")
            }
            return value
        }
    }
}
