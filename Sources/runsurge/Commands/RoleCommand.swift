import ArgumentParser
import RunSurgeClient
import RunSurgeCore
import RunSurgeStore

struct RoleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "role", abstract: "Makes an account an administrator, or an ordinary user again.",
        discussion: """
            Where a database is configured (DB_HOST, in the environment or in a .env file) and no master is named, it is changed there, and \
            nobody has to be logged in. Else a master is asked, as an administrator, or as the operator of \
            `runsurge up` with its RUNSURGE_TOKEN.
            """)

    enum Choice: String, ExpressibleByArgument, CaseIterable {
        case administrator, user
    }

    @Argument(help: "The name of the account.") var username: String
    @Argument(help: "What it shall be.") var choice: Choice
    @Option(help: "A file of NAME=value lines (default: .env, when there is one).") var config: String?
    @OptionGroup var connection: ConnectionOptions

    private var role: UserRole {
        switch choice {
        case .administrator: .administrator
        case .user: .user
        }
    }

    func run() async throws {
        let settings = try await Settings(file: config)
        let id: UserID
        if !connection.isMasterNamed, let database = try DatabaseSettings.read(settings) {
            id = try await set(in: Store.open(StoreConfiguration(database, connections: 1)))
        } else {
            id = try await connection.client().setRole(role, of: username).userID
        }
        print("user \(id), \(username), is \(role == .administrator ? "an administrator" : "an ordinary user") now")
    }

    private func set(in store: Store) async throws -> UserID {
        let user: User?
        do {
            user = try await store.access.setRole(role, of: username, by: nil)
        } catch {
            await store.close()
            throw error
        }
        await store.close()
        guard let user else { throw CommandError.refused("there is no account \(username)") }
        return user.id
    }
}
