import ArgumentParser
import Foundation
import RunSurgeClient

/// Which master a command talks to, and as whom.
struct ConnectionOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The master's address, or several with commas when masters stand by (default: RUNSURGE_URL, then the last "
                + "login's).", valueName: "url"))
    var master: String?

    /// Whether the user wants a master rather than a cluster of this process.
    var isMasterNamed: Bool { chosenURL != nil }

    private var chosenURL: String? {
        let list = master ?? ProcessInfo.processInfo.environment["RUNSURGE_URL"] ?? ""
        let urls = list.split(separator: ",").map { part in
            let url = part.trimmingCharacters(in: .whitespaces)
            return url.hasSuffix("/") ? String(url.dropLast()) : url
        }.filter { !$0.isEmpty }
        return urls.isEmpty ? nil : urls.joined(separator: ",")
    }

    /// - Throws: `CommandError` that says how to name a master.
    func requiredURL() throws -> String {
        guard let url = try chosenURL ?? Credentials.load().current else {
            throw CommandError.usage(
                "no master is known; use --master URL, set RUNSURGE_URL, log in, or start one with `runsurge up`")
        }
        return url
    }

    /// With the token of RUNSURGE_TOKEN or of the stored session, which is renewed when it has expired.
    /// - Throws: `CommandError` that says how to log in.
    func client() async throws -> RunSurgeClient {
        let url = try requiredURL()
        if let token = ProcessInfo.processInfo.environment["RUNSURGE_TOKEN"], !token.isEmpty {
            return RunSurgeClient(url: url, token: token)
        }
        let sessions = try Credentials.load().sessions
        // Masters of one database know each other's sessions.
        let known = [url] + url.split(separator: ",").map(String.init)
        guard let name = known.first(where: { sessions[$0] != nil }), let session = sessions[name] else {
            throw CommandError.refused("not logged in at \(url); use `runsurge login` or set RUNSURGE_TOKEN")
        }
        return RunSurgeClient(url: url, token: session.accessToken, refreshToken: session.refreshToken) { tokens in
            do {
                try Sessions.renew(tokens, at: name)
            } catch {
                printError("runsurge: the renewed session could not be kept: \(error)")
            }
        }
    }
}
