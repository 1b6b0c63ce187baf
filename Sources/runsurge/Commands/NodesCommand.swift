import ArgumentParser
import Foundation
import RunSurgeClient
import RunSurgeCore

struct NodesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nodes", abstract: "Lists the machines attached, shows the history of one, or drains it.")

    @OptionGroup var connection: ConnectionOptions
    @Option(help: ArgumentHelp("Show the history of this node, its number or name; newest first.", valueName: "node"))
    var log: String?
    @Option(help: ArgumentHelp("Give this node nothing more; what it runs may end.", valueName: "node"))
    var drain: String?
    @Option(help: ArgumentHelp("Give this node work again.", valueName: "node")) var undrain: String?
    @Option(help: "Events of the history, 1 to 1000.") var limit = 50
    @Option(help: "Only events before this moment, as `next_before` of the last page with --json.") var before: Int64?
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
        guard (1...Limits.pageItems).contains(limit) else { throw ValidationError("--limit must be from 1 to 1000") }
    }

    func run() async throws {
        let client = try await connection.client()
        if let log { return try await showLog(of: log, client) }
        if let drain { return try await setDraining(drain, to: true, client) }
        if let undrain { return try await setDraining(undrain, to: false, client) }
        let nodes = try await client.nodes()
        if json { return try JSONOutput.print(nodes) }
        var table = TextTable("NODE", "NAME", "STATE", "SLOTS", "MEMORY", "CHUNKS", "LAST SEEN")
        for node in nodes {
            table.add(
                "\(node.nodeID)", node.nodeName, Self.state(of: node), "\(node.slots)",
                "\(MemorySize(bytes: node.memoryBytes))", "\(node.completedTasks)", node.lastSeenAt ?? "never")
        }
        print(table.text)
    }

    private static func state(of node: NodeView) -> String {
        guard node.isAlive else { return "gone" }
        return node.isDraining ? "draining" : "attached"
    }

    private func setDraining(_ node: String, to isDraining: Bool, _ client: RunSurgeClient) async throws {
        print(try await client.setDraining(try await number(of: node, client), to: isDraining).message)
    }

    private func showLog(of node: String, _ client: RunSurgeClient) async throws {
        let page = try await client.nodeLog(try await number(of: node, client), before: before, limit: limit)
        if json { return try JSONOutput.print(page) }
        var table = TextTable("TIME", "EVENT", "TERM", "SLOTS", "MEMORY", "DETAIL")
        for entry in page.entries {
            table.add(
                entry.at, entry.kind, "\(entry.term)", "\(entry.slots)", "\(MemorySize(bytes: entry.memoryBytes))",
                entry.detail)
        }
        print(table.text)
    }

    /// A node is named by its number; a name will do when one node has it.
    private func number(of node: String, _ client: RunSurgeClient) async throws -> NodeID {
        if let number = Int64(node) { return NodeID(number) }
        let named = try await client.nodes().filter { $0.nodeName == node }
        guard let found = named.first else { throw CommandError.refused("there is no node \(node)") }
        guard named.count == 1 else {
            let numbers = named.map { "\($0.nodeID)" }.joined(separator: ", ")
            throw CommandError.refused("several nodes are called \(node); use one of the numbers \(numbers)")
        }
        return found.nodeID
    }
}
