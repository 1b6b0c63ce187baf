import Logging
import PostgreSQL
import RunSurgeCore
import RunSurgeMaster
import RunSurgeStore
import ZeroMQ

/// A master in this process: its database, the REST facade and a worker as its settings want them.
struct MasterProcess: Sendable {
    /// How others use it.
    struct Access: Sendable {
        let url: String
        /// Of the network; nil: another master leads, and this one listens to workers once it has taken over.
        let endpoints: LinkEndpoints?
        /// nil: there is no operator.
        let operatorToken: String?
    }

    let gateway: LocalGateway
    /// Where processes of this machine connect to, without keys; nil: another master leads.
    let local: LinkEndpoints?
    /// nil when only this process uses it.
    let access: Access?

    /// Starts everything, runs `body`, and ends everything in the reverse order.
    /// - Throws: what `body` throws, or why a part could not start or has ended by itself.
    static func with<Value: Sendable>(
        _ settings: MasterSettings, logger: Logger, _ body: @escaping @Sendable (MasterProcess) async throws -> Value
    ) async throws -> Value {
        switch settings.database {
        case .external(let connection):
            return try await withStore(settings, connection: connection, logger: logger, body)
        case .embedded:
            let server = try await EmbeddedServer.start(folder: settings.folder.database, logger: logger)
            return try await finally({ await server.stop() }) {
                try await withStore(settings, connection: server.connection, logger: logger, body)
            }
        }
    }

    private static func withStore<Value: Sendable>(
        _ settings: MasterSettings, connection: ConnectionConfiguration, logger: Logger,
        _ body: @escaping @Sendable (MasterProcess) async throws -> Value
    ) async throws -> Value {
        let store = try await Store.open(StoreConfiguration(connection), logger: logger)
        return try await finally({ await store.close() }) {
            let sockets = try SocketThread(name: "zeromq")
            return try await finally({ await sockets.shutdown() }) {
                let start = MasterStart(settings: settings, store: store, sockets: sockets, logger: logger)
                return try await start.run(body)
            }
        }
    }

    private static func finally<Value>(
        _ cleanUp: () async -> Void, _ body: () async throws -> Value
    ) async throws -> Value {
        do {
            let value = try await body()
            await cleanUp()
            return value
        } catch {
            await cleanUp()
            throw error
        }
    }
}
