import Foundation
import Testing

/// What is wrong with a request is said in a sentence and a status; the master and its jobs go on.
@Suite(.serialized) struct BadInputTests {
    private static let cluster = Task { try await Cluster(workers: 1, arguments: ["--stop-with-parent"]) }

    /// Answers of the REST facade, asked as any user would ask.
    private struct Answer {
        let status: Int
        let body: String
    }

    private func curl(_ cluster: Cluster, token: String? = nil, _ arguments: [String]) async throws -> Answer {
        let result = try await ChildProcess(
            "/usr/bin/env",
            [
                "curl", "--silent", "--show-error", "--write-out", "\n%{http_code}", "--header",
                "Authorization: Bearer \(token ?? cluster.endpoints.token)",
            ] + arguments,
            logs: cluster.logs
        ).finish()
        let text = String(decoding: result.output, as: UTF8.self)
        let cut = text.lastIndex(of: "\n") ?? text.startIndex
        return Answer(status: Int(text[text.index(after: cut)...]) ?? 0, body: String(text[..<cut]))
    }

    private func folder(_ files: [String: String]) throws -> URL {
        let folder = Cluster.temporaryFolder("bad")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for (name, text) in files {
            try text.write(to: folder.appending(path: name), atomically: true, encoding: .utf8)
        }
        return folder
    }

    @Test func runsAJobSubmittedByCurlAlone() async throws {
        let cluster = try await Self.cluster.value
        let place = try folder([
            "s.py": "import sys\nprint(open(sys.argv[1]).read().upper(), end='')\n", "d.txt": "abc\n",
        ])
        let answer = try await curl(
            cluster,
            [
                "--form", "script=@\(place.path)/s.py", "--form", "input=@\(place.path)/d.txt", "--form",
                "argument=d.txt",
                "\(cluster.endpoints.url)/api/job/submit",
            ])
        #expect(answer.status < 300, "\(answer.body)")
        let job = try JSONDecoder().decode(Cluster.JobFacts.self, from: Data(answer.body.utf8)).job_id
        let log = try await curl(cluster, ["\(cluster.endpoints.url)/api/job/\(job)/logs?stream=stdout&follow=true"])
        #expect(log.status == 200)
        #expect(log.body == "ABC\n")
    }

    @Test func refusesAWrongToken() async throws {
        let cluster = try await Self.cluster.value
        let answer = try await curl(cluster, token: "nobody", ["\(cluster.endpoints.url)/api/users/jobs"])
        #expect(answer.status == 401)
        #expect(answer.body.contains("\"code\""))
    }

    @Test func refusesAnUploadOverTheLimitEarly() async throws {
        let cluster = try await Self.cluster.value
        let place = try folder(["s.py": "print(1)\n"])
        let sparse = place.appending(path: "huge.bin")
        try Data().write(to: sparse)
        let handle = try FileHandle(forWritingTo: sparse)
        try handle.truncate(atOffset: 5 << 30)
        try handle.close()
        let answer = try await curl(
            cluster,
            [
                "--form", "script=@\(place.path)/s.py", "--form", "input=@\(sparse.path)",
                "\(cluster.endpoints.url)/api/job/submit",
            ])
        #expect(answer.status == 413)
        #expect(answer.body.contains("limit"), "\(answer.body)")
        try FileManager.default.removeItem(at: place)
    }

    @Test func forgetsAnUploadThatIsCutOff() async throws {
        let cluster = try await Self.cluster.value
        let before = try await curl(cluster, ["\(cluster.endpoints.url)/api/users/jobs"])
        let place = try folder(["s.py": "print(1)\n", "d.txt": String(repeating: "x", count: 8 << 20)])
        let cut = try await curl(
            cluster,
            [
                "--limit-rate", "1M", "--max-time", "1", "--form", "script=@\(place.path)/s.py", "--form",
                "input=@\(place.path)/d.txt", "\(cluster.endpoints.url)/api/job/submit",
            ])
        #expect(cut.status == 0 || cut.status == 100, "curl gave up")
        try await eventually("nothing of the upload to be left") {
            let temporary = cluster.folder.appending(path: "data/blobs/temporary").path
            return try FileManager.default.contentsOfDirectory(atPath: temporary).isEmpty
        }
        let after = try await curl(cluster, ["\(cluster.endpoints.url)/api/users/jobs"])
        #expect(after.body == before.body)
    }

    @Test func namesTheInputThatIsMissing() async throws {
        let cluster = try await Self.cluster.value
        let place = try folder(["s.py": "import sys\nname = 'un' + sys.argv[1]\nprint(open(name + '.txt').read())\n"])
        try "there".write(to: place.appending(path: "unseen.txt"), atomically: true, encoding: .utf8)
        let report = place.appending(path: "report.json")
        let result = try await cluster.runsurge(
            ["run", "--report", report.path, "s.py", "seen"], in: place
        ).finish()
        #expect(result.status == 1)
        #expect(String(decoding: result.error, as: UTF8.self).contains("FileNotFoundError"))
        let text = try String(contentsOf: report, encoding: .utf8)
        #expect(text.contains("unseen.txt"), "\(text)")
        let again = try await cluster.runsurge(["run", "--input", "unseen.txt", "s.py", "seen"], in: place).finish()
        #expect(String(decoding: again.output, as: UTF8.self) == "there\n")
    }

    @Test(arguments: [
        (["run"], 2, "name a script"), (["run", "no-such-script.py"], 2, "No such file"),
        (["run", "--workers", "0", "s.py"], 2, "--workers"), (["nonsense"], 2, "nonsense"),
        (["job", "999999"], 1, "999999"),
    ])
    func saysWhatIsWrongWithACommandLine(arguments: [String], status: Int32, words: String) async throws {
        let cluster = try await Self.cluster.value
        let place = try folder(["s.py": "print(1)\n"])
        let result = try await cluster.runsurge(arguments, in: place).finish()
        #expect(result.status == status)
        #expect(String(decoding: result.error, as: UTF8.self).contains(words))
        #expect(result.output.isEmpty)
    }
}
