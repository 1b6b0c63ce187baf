import Foundation

/// Who the user is at which master, kept in the configuration folder of the account, readable by it alone.
struct Credentials: Codable {
    struct Session: Codable {
        var username: String
        var accessToken: String
        var refreshToken: String
    }

    /// The master that was logged in to last.
    var current: String?
    /// By the master's URL.
    var sessions: [String: Session] = [:]

    static var path: String {
        let environment = ProcessInfo.processInfo.environment
        let home = FileManager.default.homeDirectoryForCurrentUser.path
        let base = environment["XDG_CONFIG_HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? home + "/.config"
        return base + "/runsurge/credentials.json"
    }

    static func load() throws -> Credentials {
        guard let data = FileManager.default.contents(atPath: path) else { return Credentials() }
        do {
            return try JSONDecoder().decode(Credentials.self, from: data)
        } catch {
            throw CommandError.failure("\(path) is damaged; remove it and log in again")
        }
    }

    func save() throws { try PrivateFile.write(try JSONEncoder().encode(self), to: Self.path) }
}
