import ArgumentParser
import Foundation
import RunSurgeClient
import RunSurgeCore

struct RegisterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "register", abstract: "Creates an account at a master and logs in.")

    @OptionGroup var connection: ConnectionOptions
    @Argument(help: "A name for the account.") var username: String
    @Argument(help: "An e-mail address.") var email: String

    func run() async throws {
        let url = try connection.requiredURL()
        let password = try Password.ask(isNew: true)
        let session = try await RunSurgeClient(url: url)
            .register(username: username, email: email, password: password)
        try Sessions.store(session, at: url)
        print("registered and logged in as \(session.user.username) at \(url)")
    }
}

struct LoginCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "login", abstract: "Logs in at a master.")

    @OptionGroup var connection: ConnectionOptions
    @Argument(help: "The account's name or e-mail address.") var usernameOrEmail: String

    func run() async throws {
        let url = try connection.requiredURL()
        let password = try Password.ask(isNew: false)
        let session = try await RunSurgeClient(url: url).login(usernameOrEmail: usernameOrEmail, password: password)
        try Sessions.store(session, at: url)
        print("logged in as \(session.user.username) at \(url)")
    }
}

struct LogoutCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "logout", abstract: "Ends the session at a master.")

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        let url = try connection.requiredURL()
        var credentials = try Credentials.load()
        guard let session = credentials.sessions.removeValue(forKey: url) else {
            throw CommandError.refused("not logged in at \(url)")
        }
        if credentials.current == url { credentials.current = nil }
        // Forgotten here first: a master that can't be reached must not keep anybody logged in.
        try credentials.save()
        try await RunSurgeClient(url: url, token: session.accessToken).logout(refreshToken: session.refreshToken)
        print("logged out at \(url)")
    }
}

struct WhoamiCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "whoami", abstract: "Shows the account in use.")

    @OptionGroup var connection: ConnectionOptions
    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
        let client = try await connection.client()
        guard let user = try await client.whoami() else {
            throw CommandError.refused("the session at \(client.url) has ended; use `runsurge login`")
        }
        if json {
            try JSONOutput.print(user)
        } else {
            print("\(user.username) <\(user.email)>, user \(user.userID), at \(client.url)")
        }
    }
}

/// Sessions that commands leave for the next ones.
enum Sessions {
    static func store(_ session: SessionView, at url: String) throws {
        var credentials = try Credentials.load()
        credentials.sessions[url] = Credentials.Session(
            username: session.user.username, accessToken: session.accessToken, refreshToken: session.refreshToken)
        credentials.current = url
        try credentials.save()
    }

    static func renew(_ tokens: TokensView, at url: String) throws {
        var credentials = try Credentials.load()
        credentials.sessions[url]?.accessToken = tokens.accessToken
        credentials.sessions[url]?.refreshToken = tokens.refreshToken
        try credentials.save()
    }
}

/// Passwords come from RUNSURGE_PASSWORD, from a terminal without echo, or from the first line of standard input.
enum Password {
    static func ask(isNew: Bool) throws -> String {
        if let given = ProcessInfo.processInfo.environment["RUNSURGE_PASSWORD"], !given.isEmpty { return given }
        guard isatty(STDIN_FILENO) == 1 else {
            guard let line = readLine(), !line.isEmpty else {
                throw CommandError.usage("give the password on standard input or in RUNSURGE_PASSWORD")
            }
            return line
        }
        let password = try prompt("password: ")
        if isNew {
            guard try prompt("the same again: ") == password else {
                throw CommandError.usage("the two passwords are different")
            }
        }
        return password
    }

    /// Reads a line from the terminal without showing it.
    private static func prompt(_ text: String) throws -> String {
        FileHandle.standardError.write(Data(text.utf8))
        var shown = termios()
        tcgetattr(STDIN_FILENO, &shown)
        var hidden = shown
        hidden.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden)
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown)
            FileHandle.standardError.write(Data("\n".utf8))
        }
        guard let line = readLine(), !line.isEmpty else { throw CommandError.usage("no password was given") }
        return line
    }
}
