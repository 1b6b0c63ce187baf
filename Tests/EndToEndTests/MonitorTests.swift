import Foundation
import Testing

/// `runsurge monitor` on a cluster whose processes are killed.
@Suite(.serialized) struct MonitorTests {
    /// The parts of a line of `runsurge monitor --json` that the tests look at.
    private struct Snapshot: Decodable {
        struct Node: Decodable {
            let name: String
            let state: String
            let slots: Int
            let heartbeat_age_seconds: Double?
        }

        let term: Int?
        let takeovers: Int
        let nodes: [Node]

        func node(_ name: String) -> Node? { nodes.first { $0.name == name } }
    }

    private struct History: Decodable {
        struct Entry: Decodable { let kind: String }
        let entries: [Entry]
    }

    /// The key that it gets stays in the cluster's folder.
    private func monitor(_ cluster: Cluster, _ argument: String) throws -> ChildProcess {
        let own = ["XDG_CONFIG_HOME": cluster.folder.appending(path: "config").path]
        return try ChildProcess(
            Cluster.executable, ["monitor", argument], folder: cluster.folder,
            environment: cluster.environment.merging(own) { $1 }, logs: cluster.logs)
    }

    /// The last line that is complete.
    private func latest(_ monitor: ChildProcess) throws -> Snapshot? {
        guard monitor.isRunning else { throw ClusterError.refused("the monitor ended: \(monitor.errorText)") }
        let lines = monitor.outputText.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count > 1 else { return nil }
        return try JSONDecoder().decode(Snapshot.self, from: Data(lines[lines.count - 2].utf8))
    }

    @Test func aKilledWorkerIsShownAsDeadWithinTheTimeout() async throws {
        let cluster = try await Cluster(workers: 0, arguments: ["--stop-with-parent"])
        let worker = try cluster.attachWorker(slots: 3, name: "victim")
        let monitor = try monitor(cluster, "--json")
        try await eventually("the worker to be shown with its heartbeat") {
            let node = try latest(monitor)?.node("victim")
            return node?.state == "attached" && node?.heartbeat_age_seconds != nil && node?.slots == 3
        }

        worker.kill()
        try await eventually("it to be shown as dead", within: .seconds(30)) {
            try latest(monitor)?.node("victim")?.state == "dead"
        }

        try await eventually("its row to say so", within: .seconds(20)) {
            try await cluster.nodes().allSatisfy { !$0.is_alive }
        }
        let log = try await cluster.runsurge(["nodes", "--log", "victim", "--json"], in: cluster.folder).finish()
        let kinds = try JSONDecoder().decode(History.self, from: log.output).entries.map(\.kind)
        #expect(kinds.first == "dead" && kinds.last == "attached", "\(kinds)")
        monitor.terminate()
        #expect(try await monitor.finish(within: 30).status == 0)
        try await cluster.stop()
    }

    @Test func aRestartedMasterIsFoundAgain() async throws {
        let ports = ["--port", "\(try Cluster.freePorts())", "--work-port", "\(try Cluster.freePorts())"]
        let cluster = try await Cluster(workers: 0, arguments: ports)
        let worker = try cluster.attachWorker(slots: 1, name: "stays")
        let lost = try cluster.attachWorker(slots: 1, name: "goes")
        let monitor = try monitor(cluster, "--json")
        try await eventually("both to be shown, and the master's first beacon") {
            let snapshot = try latest(monitor)
            return snapshot?.term != nil && snapshot?.node("stays")?.state == "attached"
                && snapshot?.node("goes")?.state == "attached"
        }
        let term = try #require(try latest(monitor)?.term)

        cluster.process.kill()
        _ = try await cluster.process.finish()
        lost.kill()
        let again = try await Cluster(workers: 0, folder: cluster.folder, arguments: ports)

        try await eventually("the new term, who came back and who did not") {
            let snapshot = try latest(monitor)
            return snapshot?.term ?? 0 > term && snapshot?.takeovers == 1
                && snapshot?.node("stays")?.state == "attached" && snapshot?.node("goes")?.state == "dead"
        }
        monitor.terminate()
        #expect(try await monitor.finish(within: 30).status == 0)
        worker.terminate()
        try await again.stop()
    }

    @Test func theTableIsPrintedOnceForWhoeverAsks() async throws {
        let cluster = try await Cluster(workers: 2, arguments: ["--stop-with-parent"])
        let result = try await monitor(cluster, "--once").finish()
        let text = String(decoding: result.output, as: UTF8.self)
        #expect(result.status == 0, "\(String(decoding: result.error, as: UTF8.self))")
        #expect(text.hasPrefix("RunSurge  term ") && text.contains("attached") && text.contains("0/2"), "\(text)")
        try await cluster.stop()
    }
}
