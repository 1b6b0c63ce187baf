import Foundation
import Testing

/// Who may attach to a cluster of real processes, and what keys can't do.
@Suite(.serialized) struct SecurityTests {
    private struct Token: Decodable { let token: String }
    private struct Key: Decodable {
        let key_id: Int
        let node_id: Int?
        let name: String
        let revoked_at: String?
    }

    private static func token(_ cluster: Cluster) async throws -> String {
        let tokens: [Token] = try await cluster.json(["enroll", "--new-token", "--json"])
        return try #require(tokens.first).token
    }

    private static func alive(_ cluster: Cluster) async throws -> [String] {
        try await cluster.nodes().filter(\.is_alive).map(\.node_name)
    }

    @Test func aTokenLetsOneMachineIn() async throws {
        let cluster = try await Cluster(workers: 0, arguments: ["--stop-with-parent"])
        let token = try await Self.token(cluster)
        let place = cluster.folder.appending(path: "first")
        // Nobody is logged in on these machines.
        func attach(_ name: String, _ folder: URL) throws -> ChildProcess {
            try cluster.attachWorker(
                name: name, place: folder,
                master: ["--master", cluster.endpoints.url, "--enroll-token", token],
                environment: ["RUNSURGE_TOKEN": "", "XDG_CONFIG_HOME": cluster.folder.path])
        }
        let first = try attach("first", place)
        try await eventually("the first to attach") { try await Self.alive(cluster) == ["first"] }
        let second = try await attach("second", cluster.folder.appending(path: "second")).finish()
        #expect(second.status != 0)
        #expect(String(decoding: second.error, as: UTF8.self).contains("used or expired"))

        // The first keeps its key, and needs no token to come again.
        first.terminate()
        _ = try await first.finish()
        let key = place.appending(path: "key.json")
        #expect(try FileManager.default.attributesOfItem(atPath: key.path)[.posixPermissions] as? Int == 0o600)
        _ = try attach("first", place)
        try await eventually("the first to come again") { try await Self.alive(cluster) == ["first"] }
        #expect(try await cluster.nodes().count == 1)
        try await cluster.stop()
    }

    @Test func aRevokedWorkerIsSentAwayWhileItWorks() async throws {
        let cluster = try await Cluster(workers: 0, arguments: ["--stop-with-parent"])
        let workload = try await Workload(lines: 12_000, logs: cluster.logs)
        let driver = try cluster.attachWorker(name: "driver")
        try await eventually("the driver's worker") { try await Self.alive(cluster) == ["driver"] }
        let submitted = try await cluster.runsurge(
            ["submit", "--json", "--min-split-seconds", "0", "--chunk-records", "100", "s.py"], in: workload.folder
        ).finish()
        let job = try JSONDecoder().decode(Cluster.JobFacts.self, from: submitted.output).job_id
        let helper = try cluster.attachWorker(name: "helper")
        try await eventually("chunks on both") {
            let facts = try await cluster.job(job)
            try #require(facts.status != "completed", "the job ended before the fault: make it longer")
            let alive = try await Self.alive(cluster)
            return facts.completedChunks >= 10 && alive.count == 2
        }
        let node = try #require(try await cluster.nodes().first { $0.node_name == "helper" })

        let revoked: Key = try await cluster.json(["enroll", "--revoke", "\(node.node_id)", "--json"])

        #expect(revoked.revoked_at != nil)
        let ended = try await helper.finish(within: 30)
        #expect(ended.status > 0)
        #expect(String(decoding: ended.error, as: UTF8.self).contains("revoked"))
        try await eventually("the job to end", within: .seconds(180)) {
            try await cluster.job(job).status == "completed"
        }
        let result = try await cluster.runsurge(
            ["result", "\(job)", "--output", workload.folder.path], in: workload.folder
        ).finish()
        let found = try Observation(result, folder: workload.folder)
        #expect(found.firstDifference(from: workload.expected) == nil)
        let keys: [Key] = try await cluster.json(["enroll", "--list", "--json"])
        #expect(keys.filter { $0.revoked_at == nil }.map(\.name) == ["driver"])
        driver.terminate()
        try await cluster.stop()
    }

    /// Its key is good at the cluster that enrolled it, and nowhere else.
    @Test func aWorkerOfAnotherClusterIsNotLetIn() async throws {
        let cluster = try await Cluster(workers: 0, arguments: ["--stop-with-parent"])
        let other = try await Cluster(workers: 0, arguments: ["--stop-with-parent"])
        let place = other.folder.appending(path: "stranger")
        let enrolled = try await other.runsurge(["enroll", "--folder", place.path, "--json"], in: other.folder).finish()
        #expect(enrolled.status == 0, "\(String(decoding: enrolled.error, as: UTF8.self))")
        struct File: Decodable { let server_keys: [String] }
        let at = cluster.folder.appending(path: "own")
        _ = try await cluster.runsurge(["enroll", "--folder", at.path, "--name", "own"], in: cluster.folder).finish()
        let own = try JSONDecoder().decode(File.self, from: Data(contentsOf: at.appending(path: "key.json")))

        // The stranger knows the address and even the master's public key.
        let stranger = try cluster.attachWorker(
            name: "stranger", place: place,
            master: ["--connect", cluster.endpoints.work, "--server-key", try #require(own.server_keys.first)])
        let known = try cluster.attachWorker(name: "own", place: at)
        try await eventually("the cluster's own worker") { try await Self.alive(cluster) == ["own"] }
        // It has knocked longer than the other one took.
        try await eventually("the stranger's complaint") { stranger.errorText.contains("no answer") }
        #expect(try await Self.alive(cluster) == ["own"])
        #expect(try await cluster.nodes().count == 1)
        for worker in [stranger, known] { worker.terminate() }
        try await other.stop()
        try await cluster.stop()
    }

    @Test func workersFollowARotationOfTheMastersKey() async throws {
        let ports = ["--port", "\(try Cluster.freePorts())", "--work-port", "\(try Cluster.freePorts())"]
        let cluster = try await Cluster(workers: 0, arguments: ports)
        let place = cluster.folder.appending(path: "worker")
        let worker = try cluster.attachWorker(name: "worker", place: place)
        try await eventually("the worker") { try await Self.alive(cluster) == ["worker"] }
        cluster.process.terminate()
        _ = try await cluster.process.finish()
        let before = try Data(contentsOf: place.appending(path: "key.json"))

        let rotated = try await cluster.runsurge(
            ["rotate-key", "--data", cluster.folder.appending(path: "data").path], in: cluster.folder
        ).finish()
        #expect(rotated.status == 0)
        let again = try await Cluster(workers: 0, folder: cluster.folder, arguments: ports)

        // It is remembered as alive until it is found to be gone: only its new key file proves that it is back.
        try await eventually("the worker to learn the new keys", within: .seconds(90)) {
            try Data(contentsOf: place.appending(path: "key.json")) != before
        }
        try await eventually("the worker to be back") { try await Self.alive(again) == ["worker"] }
        worker.terminate()
        try await again.stop()
    }

    @Test func aScriptFindsNoKey() async throws {
        let cluster = try await Cluster(workers: 0, arguments: ["--stop-with-parent"])
        let place = cluster.folder.appending(path: "worker")
        let worker = try cluster.attachWorker(name: "worker", place: place)
        try await eventually("the worker") { try await Self.alive(cluster) == ["worker"] }
        let folder = Cluster.temporaryFolder("keys")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try """
        import os, sys
        for place in sys.argv[1:]:
            path = "/" + place.replace("|", "/")
            print(os.path.exists(path))
        for root, folders, files in os.walk("/"):
            if root.startswith(("/proc", "/usr")):
                folders.clear()
            for name in files:
                if name in ("key.json", "server-keys.json", "secrets.json"):
                    print("found", root, name)
        print(sorted(name for name in os.environ if "RUNSURGE" in name))
        """.write(to: folder.appending(path: "s.py"), atomically: true, encoding: .utf8)
        let data = cluster.folder.appending(path: "data")
        let places = [place.path + "/key.json", data.path + "/server-keys.json", data.path + "/sockets"]
        for path in places { #expect(FileManager.default.fileExists(atPath: path), "\(path)") }
        let result = try await cluster.runsurge(
            ["run", "s.py"] + places.map { String($0.dropFirst()).replacing("/", with: "|") }, in: folder
        ).finish()
        #expect(String(decoding: result.output, as: UTF8.self) == "False\nFalse\nFalse\n[]\n")
        worker.terminate()
        try await cluster.stop()
        try FileManager.default.removeItem(at: folder)
    }
}
