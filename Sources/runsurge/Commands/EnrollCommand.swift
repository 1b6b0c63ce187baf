import ArgumentParser
import Foundation
import RunSurgeClient
import RunSurgeCore

struct EnrollCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enroll",
        abstract: "Gives this machine a key to attach to a master with; makes tokens, lists and revokes keys.",
        discussion: """
            The key pair is made on this machine and its secret stays in the worker's folder. With a login or \
            RUNSURGE_TOKEN one command does all; elsewhere a token of `runsurge enroll --new-token` (or \
            RUNSURGE_ENROLL_TOKEN) lets one machine in. `runsurge worker --master URL` enrols by itself.
            """)

    @OptionGroup var connection: ConnectionOptions
    @Option(help: "A token that somebody who is logged in has made (default: RUNSURGE_ENROLL_TOKEN).")
    var token: String?
    @Option(help: "A name for the machine or tool (default: its host name).") var name: String?
    @Option(help: "The worker's folder, which keeps the key (default: the first free one).") var folder: String?
    @Option(help: "With --monitor: the file that the key is written to.") var output: String?
    @Flag(help: "A key for a monitoring tool: good for the events endpoint alone.") var monitor = false
    @Flag(help: "Replace a key that is there.") var force = false
    @Flag(help: "Make a token for one machine (with --monitor: one tool) and print it.") var newToken = false
    @Option(help: "With --new-token: how many.") var count = 1
    @Option(help: "With --new-token: minutes until it expires.") var minutes = 60
    @Flag(help: "List your keys.") var list = false
    @Option(help: ArgumentHelp("Revoke the key of a node: it is sent away at once.", valueName: "node"))
    var revoke: Int64?
    @Option(help: ArgumentHelp("Revoke a key by its own number.", valueName: "key")) var revokeKey: Int64?
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
        let asked = [newToken, list, revoke != nil, revokeKey != nil].count { $0 }
        guard asked <= 1 else { throw ValidationError("ask for one of --new-token, --list, --revoke, --revoke-key") }
        guard (1...100).contains(count) else { throw ValidationError("--count must be from 1 to 100") }
        guard (1...43_200).contains(minutes) else { throw ValidationError("--minutes must be from 1 to 43200") }
    }

    func run() async throws {
        if newToken { return try await makeTokens() }
        if list { return try await listKeys() }
        if let revoke { return try show(revoked: try await connection.client().revokeKey(of: NodeID(revoke))) }
        if let revokeKey { return try show(revoked: try await connection.client().revoke(KeyID(revokeKey))) }
        try await enrol()
    }

    // MARK: Enrolling

    private func enrol() async throws {
        let url = try connection.requiredURL()
        let tokens = Enroller.tokens(token ?? ProcessInfo.processInfo.environment["RUNSURGE_ENROLL_TOKEN"])
        let enroller = Enroller(url: url, tokens: tokens, user: connection.client)
        let name = name ?? ProcessInfo.processInfo.hostName
        if monitor {
            let path = output.map { Path.absolute($0) } ?? MonitorKey.ownPath(url)
            try refuseExisting(path)
            let file = try await enroller.enrol(.monitor, name: name)
            try file.save(to: path)
            return try show(file, at: path, next: "Subscribe to \(file.endpoints.events) with it.")
        }
        // Held until the key is written, so that no worker starts in it meanwhile.
        let held = try folder.map { try ClusterFolder(path: Path.absolute($0)) } ?? ClusterFolder.firstFree("worker")
        try refuseExisting(held.linkKey)
        let file = try await enroller.enrol(.worker, name: name)
        try file.save(to: held.linkKey)
        try show(file, at: held.linkKey, next: "Attach with: runsurge worker --folder \(held.path)")
    }

    private func refuseExisting(_ path: String) throws {
        guard !force, let file = try LinkKeyFile.load(path) else { return }
        throw CommandError.refused(
            "\(path) holds a key for \(file.master) already; --force replaces it, another folder keeps both")
    }

    private func show(_ file: LinkKeyFile, at path: String, next: String) throws {
        if json { return try JSONOutput.print(Enrolled(file, at: path)) }
        let node = file.nodeNumber.map { "node \($0) " } ?? ""
        print("Enrolled \(node)\"\(file.name)\" at \(file.master); the key is in \(path).\n\(next)")
    }

    /// What may be shown of a key file.
    private struct Enrolled: Encodable {
        let keyId: Int64
        let nodeId: Int64?
        let name: String
        let publicKey: String
        let file: String

        init(_ file: LinkKeyFile, at path: String) {
            keyId = file.keyNumber
            nodeId = file.nodeNumber
            name = file.name
            publicKey = file.publicKey
            self.file = path
        }
    }

    // MARK: Tokens and keys

    private func makeTokens() async throws {
        let client = try await connection.client()
        var made: [EnrolmentTokenView] = []
        for _ in 0..<count {
            made.append(try await client.makeEnrolmentToken(kind: monitor ? .monitor : .worker, lifetime: minutes * 60))
        }
        if json { return try JSONOutput.print(made) }
        for token in made {
            print(
                monitor
                    ? "runsurge enroll --monitor --master \(client.url) --token \(token.token)"
                    : "runsurge worker --master \(client.url) --enroll-token \(token.token)")
        }
        printError("each works once, until \(made[0].expiresAt)")
    }

    private func listKeys() async throws {
        let keys = try await connection.client().keys()
        if json { return try JSONOutput.print(keys) }
        var table = TextTable("KEY", "KIND", "NODE", "NAME", "SINCE", "REVOKED")
        for key in keys {
            table.add(
                "\(key.keyID)", key.kind.rawValue, key.nodeID.map(\.description) ?? "-", key.name, key.createdAt,
                key.revokedAt ?? "no")
        }
        print(table.text)
    }

    private func show(revoked key: KeyView) throws {
        if json { return try JSONOutput.print(key) }
        print("key \(key.keyID) of \"\(key.name)\" is revoked")
    }
}
