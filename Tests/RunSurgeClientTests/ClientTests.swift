import Crypto
import Foundation
import RunSurgeCore
import RunSurgeTestStores
import Synchronization
import Testing

@testable import RunSurgeClient

@Suite(.timeLimit(.minutes(2))) struct ClientTests {
    private static func client(_ port: Int, user: String = "ada") async throws -> RunSurgeClient {
        let client = RunSurgeClient(url: "http://127.0.0.1:\(port)/")
        _ = try await client.register(username: user, email: "\(user)@example.org", password: "correct horse")
        return client
    }

    private static func job(_ client: RunSurgeClient) async throws -> JobID {
        let script = Submission.File(path: "/w/s.py", content: .bytes([1]), mode: 0o644, modifiedNanoseconds: 0)
        return try await client.submit(Submission(script: script, workingDirectory: "/w")).jobID
    }

    @Test func anAccountLivesThroughRegisterLoginRefreshAndLogout() async throws {
        try await LiveServer().run { port in
            let client = try await Self.client(port)
            #expect(try await client.whoami()?.username == "ada")
            let session = try await client.login(usernameOrEmail: "ada@example.org", password: "correct horse")
            let tokens = try await client.refresh(session.refreshToken)
            #expect(tokens.refreshToken != session.refreshToken)
            try await client.logout(refreshToken: tokens.refreshToken)
            #expect(try await client.whoami() == nil)
            let error = await #expect(throws: ClientError.self) { try await client.refresh(tokens.refreshToken) }
            #expect(error?.status == 401 && error?.code == "refresh_token_invalid")
        }
    }

    @Test func anExpiredTokenIsRenewedOnceForAllCalls() async throws {
        try await LiveServer().run { port in
            let first = RunSurgeClient(url: "http://127.0.0.1:\(port)")
            let session = try await first.register(username: "ada", email: "a@b.c", password: "correct horse")
            let renewals = Mutex<[String]>([])
            let client = RunSurgeClient(
                url: "http://127.0.0.1:\(port)", token: "expired", refreshToken: session.refreshToken,
                onRefresh: { tokens in renewals.withLock { $0.append(tokens.accessToken) } })
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 { group.addTask { _ = try await client.jobs() } }
                try await group.waitForAll()
            }
            #expect(renewals.withLock { $0.count } == 1)
            let who = RunSurgeClient(
                url: "http://127.0.0.1:\(port)", token: "expired", refreshToken: "spent or wrong")
            #expect(try await who.whoami() == nil)
            let error = await #expect(throws: ClientError.self) { try await who.jobs() }
            #expect(error?.status == 401)
        }
    }

    @Test func aMasterThatIsNotThereIsNamedWithWhatToDo() async throws {
        let port = try await LiveServer().run { $0 }
        let client = RunSurgeClient(url: "http://127.0.0.1:\(port)", token: "x")
        let error = await #expect(throws: ClientError.self) { try await client.jobs() }
        #expect(error?.kind == .unreachable && error?.status == nil)
        let text = "\(try #require(error))"
        #expect(text.contains("http://127.0.0.1:\(port)") && text.contains("refused"), "\(text)")
        #expect(text.contains("RUNSURGE_URL") && text.contains("runsurge up"), "\(text)")
    }

    @Test(arguments: ["nonsense", "http://", "ftp://x", ""]) func whatIsNoURLIsSaidSo(url: String) async throws {
        let error = await #expect(throws: ClientError.self) { try await RunSurgeClient(url: url).nodes() }
        #expect(
            error?.code == "invalid_url" && error?.detail.contains("http://host:8000") == true,
            "\(String(describing: error))")
    }

    @Test func aRefusalKeepsItsStatusCodeAndField() async throws {
        try await LiveServer().run { port in
            let client = try await Self.client(port)
            let error = await #expect(throws: ClientError.self) {
                try await client.register(username: "bob", email: "bob@example.org", password: "short")
            }
            #expect(error?.kind == .refused && error?.status == 422)
            #expect(error?.field == "password" && error?.code == "invalid_field")
            let unknown = await #expect(throws: ClientError.self) { try await client.job(JobID(99)) }
            #expect(unknown?.status == 404 && "\(unknown?.detail ?? "")" == "There is no job 99.")
        }
    }

    @Test func aSubmissionArrivesWithItsPathsModesAndTimes() async throws {
        let server = try LiveServer()
        try await server.run { port in
            let client = try await Self.client(port)
            let folder = try TemporaryFolder()
            let script = try folder.write("s.py", "print('ü')")
            let data = try folder.write("data.csv", "\r\n--boundary\r\n")
            try FileManager.default.setAttributes([.posixPermissions: 0o751], ofItemAtPath: script)
            var submission = Submission(
                script: try .init(localPath: script, path: "/home/ada/s.py"), workingDirectory: "/home/ada")
            submission.inputs = [
                try .init(localPath: data, path: "/data/data.csv"),
                try .init(localPath: data, path: "/data/again.csv"),
                try .init(localPath: folder.path, path: "/home/ada/folder"),
                .init(path: "/data/empty", content: .bytes([]), mode: 0o600, modifiedNanoseconds: -1),
            ]
            submission.arguments = ["-x", ""]
            submission.environment = ["NAME": "wert"]
            submission.standardInput = .bytes(Array("typed".utf8))
            submission.hashSeed = .max
            submission.minSplitSeconds = 0
            submission.chunkRecords = 3
            submission.isSplittingAllowed = false
            submission.priority = 100
            let view = try await client.submit(submission)
            #expect(view.status == .submitted && view.scriptName == "s.py" && view.hashSeed == .max)

            let specification = try #require(server.jobs.all.first?.specification)
            #expect(specification.script.mode == 0o751 && specification.workingDirectory == "/home/ada")
            let time = try #require(
                try FileManager.default.attributesOfItem(atPath: data)[.modificationDate] as? Date)
            let seconds = Double(specification.inputs[0].modifiedNanoseconds) / 1e9
            #expect(abs(seconds - time.timeIntervalSince1970) < 1e-3)
            #expect(specification.inputs[0].blob == specification.inputs[1].blob)
            #expect(
                try await server.blobs.bytes(of: specification.inputs[0].blob, limit: 100)
                    == Array("\r\n--boundary\r\n".utf8))
            #expect(specification.inputs[2].isDirectory && !specification.inputs[1].isDirectory)
            #expect(specification.inputs[3].blob.size == 0 && specification.inputs[3].modifiedNanoseconds == -1)
            #expect(specification.arguments == ["-x", ""] && specification.environment == ["NAME": "wert"])
            #expect(specification.standardInput?.size == 5 && specification.priority == 100)
            #expect(specification.minSplitSeconds == 0 && specification.chunkRecords == 3)
            #expect(!specification.isSplittingAllowed)
        }
    }

    @Test func manySmallInputsTravelInOneRequest() async throws {
        let server = try LiveServer()
        try await server.run { port in
            let client = try await Self.client(port)
            var submission = Submission(
                script: .init(path: "/w/s.py", content: .bytes([]), mode: 0o644, modifiedNanoseconds: 0),
                workingDirectory: "/w")
            for index in 0..<500 {
                submission.inputs.append(
                    .init(
                        path: "/w/\(index)", content: .bytes(Array("\(index)".utf8)), mode: 0o644,
                        modifiedNanoseconds: 0))
            }
            _ = try await client.submit(submission)
            let specification = try #require(server.jobs.all.first?.specification)
            #expect(specification.inputs.count == 500)
            #expect(try await server.blobs.bytes(of: specification.inputs[321].blob, limit: 10) == Array("321".utf8))
        }
    }

    @Test func whatTheMasterHasIsNotSentAgain() async throws {
        let server = try LiveServer()
        try await server.run { port in
            let client = try await Self.client(port)
            let folder = try TemporaryFolder()
            let large = try folder.writeNoise("large", bytes: 9 << 20, seed: 1)
            var submission = Submission(
                script: .init(path: "/w/s.py", content: .bytes([]), mode: 0o644, modifiedNanoseconds: 0),
                workingDirectory: "/w")
            submission.inputs = [try .init(localPath: large, path: "/w/large")]
            _ = try await client.submit(submission)
            #expect(server.blobs.received == 9 << 20)
            _ = try await client.submit(submission)
            #expect(server.blobs.received == 9 << 20)
            #expect(server.jobs.all.count == 2)
            // Another user has to show the bytes: a hash is no key.
            let other = try await Self.client(port, user: "bob")
            _ = try await other.submit(submission)
            #expect(server.blobs.received == 18 << 20)
        }
    }

    @Test func aFileThatIsTooLargeIsNotEvenSent() async throws {
        try await LiveServer().run { port in
            let client = try await Self.client(port)
            let folder = try TemporaryFolder()
            let sparse = try folder.write("sparse", "")
            let handle = try FileHandle(forWritingTo: URL(filePath: sparse))
            try handle.truncate(atOffset: UInt64(Limits.uploadBytes) + 1)
            try handle.close()
            var submission = Submission(
                script: .init(path: "/w/s.py", content: .bytes([]), mode: 0o644, modifiedNanoseconds: 0),
                workingDirectory: "/w")
            submission.inputs = [try .init(localPath: sparse, path: "/w/sparse")]
            let error = await #expect(throws: ClientError.self) { try await client.submit(submission) }
            #expect(error?.code == "too_large" && error?.detail.contains(sparse) == true)
        }
    }

    @Test func aFileThatShrinksIsAnError() async throws {
        try await LiveServer().run { port in
            let client = try await Self.client(port)
            let folder = try TemporaryFolder()
            let script = try folder.write("s.py", "x")
            let submission = Submission(
                script: .init(
                    path: "/w/s.py", content: .file(localPath: script, size: 100), mode: 0o644, modifiedNanoseconds: 0),
                workingDirectory: "/w")
            let error = await #expect(throws: ClientError.self) { try await client.submit(submission) }
            #expect(error?.code == "file_changed", "\(String(describing: error))")
            #expect(throws: ClientError.self) { try Submission.File(localPath: "\(folder.path)/none", path: "/w/x") }
        }
    }

    @Test func everythingAboutAJobIsReadable() async throws {
        let server = try LiveServer()
        try await server.run { port in
            let client = try await Self.client(port)
            let id = try await Self.job(client)
            #expect(try await client.job(id).status == .submitted)
            #expect(try await client.jobs(limit: 1).jobs.map(\.jobID) == [id])
            let early = await #expect(throws: ClientError.self) { try await client.outputs(id) }
            #expect(early?.code == "not_yet")
            let blob = try await server.blobs.put(Array("1,2\n".utf8))
            let empty = try await server.blobs.put([])
            try await server.finish(
                id,
                outputs: [
                    FileEntry(path: "/w/sub/né % #?.csv", blob: blob, modifiedNanoseconds: 5_000_000_001, mode: 0o640),
                    FileEntry(path: "/w/empty", blob: empty, modifiedNanoseconds: 5, mode: 0o600),
                    FileEntry(path: "/w/made", blob: .empty, modifiedNanoseconds: 5, mode: 0o040755),
                ], standardOutput: "out\n")
            #expect(try await client.waitForEnd(of: id).exitStatus == 0)
            #expect(try await client.plan(id) == Array("{}".utf8))
            #expect(try await client.report(id) == Array(#"{"chunks": 1}"#.utf8))
            #expect(try await client.regions(id).isEmpty)
            #expect(try await client.nodes().isEmpty)

            let folder = try TemporaryFolder()
            let outputs = try await client.outputs(id).outputs
            for (index, output) in outputs.enumerated() {
                try await client.download(output, of: id, to: "\(folder.path)/\(index)")
            }
            #expect(try Data(contentsOf: URL(filePath: "\(folder.path)/0")) == Data("1,2\n".utf8))
            #expect(try Data(contentsOf: URL(filePath: "\(folder.path)/1")).isEmpty)
            #expect(try LocalFile.status(of: "\(folder.path)/2").isDirectory)
            let status = try LocalFile.status(of: "\(folder.path)/0")
            #expect(status.mode & 0o7777 == 0o640 && status.modifiedNanoseconds == 5_000_000_001)
            var text: [UInt8] = []
            for try await piece in client.read(try await client.outputs(id).standardOutput) { text += piece }
            #expect(text == Array("out\n".utf8))
            #expect(try await !client.cancel(id).success)
        }
    }

    @Test func aDownloadThatIsNotWhatItsHashSaysIsNotKept() async throws {
        let server = try LiveServer()
        try await server.run { port in
            let client = try await Self.client(port)
            let id = try await Self.job(client)
            let blob = try await server.blobs.put(Array("right".utf8))
            try Data("wrong".utf8).write(to: server.blobs.folder.appending(path: blob.sha256))
            try await server.finish(
                id, outputs: [FileEntry(path: "/w/a", blob: blob, modifiedNanoseconds: 0, mode: 0o644)])
            let folder = try TemporaryFolder()
            let output = try #require(try await client.outputs(id).outputs.first)
            await #expect(throws: BlobError.corrupted(blob.sha256)) {
                try await client.download(output, of: id, to: "\(folder.path)/a")
            }
            #expect(folder.files.isEmpty)
        }
    }

    @Test func aDownloadGoesOnWhereItBroke() async throws {
        let server = try LiveServer()
        try await server.run { port in
            let client = try await Self.client(port)
            let id = try await Self.job(client)
            let folder = try TemporaryFolder()
            let noise = try folder.writeNoise("noise", bytes: 5 << 20, seed: 3)
            let blob = try await server.blobs.put(fileAt: noise)
            try await server.finish(
                id, outputs: [FileEntry(path: "/w/a", blob: blob, modifiedNanoseconds: 0, mode: 0o644)])
            let output = try #require(try await client.outputs(id).outputs.first)
            let proxy = try await CuttingProxy(to: port, cuts: 3, afterBytes: 1 << 20)
            let through = RunSurgeClient(url: "http://127.0.0.1:\(proxy.port)")
            _ = try await through.login(usernameOrEmail: "ada", password: "correct horse")
            try await through.download(output, of: id, to: "\(folder.path)/a")
            #expect(proxy.cutConnections == 3)
            #expect(FileManager.default.contentsEqual(atPath: noise, andPath: "\(folder.path)/a"))
            try await proxy.close()
        }
    }

    @Test func whatMayBeRepeatedIsAndASubmissionIsNot() async throws {
        let server = try LiveServer()
        try await server.run { port in
            let session = try await RunSurgeClient(url: "http://127.0.0.1:\(port)").register(
                username: "ada", email: "a@b.c", password: "correct horse")
            let proxy = try await CuttingProxy(to: port, cuts: 3)
            let client = RunSurgeClient(url: "http://127.0.0.1:\(proxy.port)", token: session.accessToken)
            // The answer is lost, and the client can't know whether the job was accepted.
            let error = await #expect(throws: ClientError.self) { try await Self.job(client) }
            #expect(error?.kind == .interrupted, "\(String(describing: error))")
            #expect(server.jobs.all.count == 1)
            #expect(try await client.jobs().jobs.count == 1)
            #expect(proxy.cutConnections == 3)
            try await proxy.close()
        }
    }

    @Test func anUploadThatIsRefusedHalfwayTellsWhy() async throws {
        let server = try LiveServer()
        try await server.run { port in
            let client = try await Self.client(port)
            let folder = try TemporaryFolder()
            let large = try folder.writeNoise("large", bytes: 64 << 20, seed: 5)
            var submission = Submission(
                script: .init(path: "/w/s.py", content: .bytes([]), mode: 0o644, modifiedNanoseconds: 0),
                workingDirectory: "/w")
            submission.inputs = [try .init(localPath: large, path: "/w/large")]
            server.blobs.fail(with: .storageFull)
            let error = await #expect(throws: ClientError.self) { try await client.submit(submission) }
            #expect(error?.status == 507 && error?.code == "storage_full", "\(String(describing: error))")
            #expect(server.blobs.received < 1 << 20, "It was tried again and again.")
        }
    }

    @Test func theFirstMasterThatAnswersIsUsedAndTheNextWhenItIsGone() async throws {
        let server = try LiveServer()
        try await server.run { next in
            let client = try await server.run { first in
                // Nobody listens at the first of them.
                let client = RunSurgeClient(
                    url: "http://127.0.0.1:9/, http://127.0.0.1:\(first),http://127.0.0.1:\(next)")
                _ = try await client.register(username: "ada", email: "ada@example.org", password: "correct horse")
                #expect(client.url == "http://127.0.0.1:\(first)")
                return client
            }
            #expect(try await client.whoami()?.username == "ada")
            #expect(client.url == "http://127.0.0.1:\(next)")
        }
    }

    @Test func followingALogSurvivesARestartOfTheMaster() async throws {
        let server = try LiveServer()
        let seen = Transcript()
        // Stands for the master's address, which is the same before and after.
        let proxy = try await CuttingProxy(to: 9)
        let (client, id) = try await server.run { port in
            proxy.forward(to: port)
            let client = try await Self.client(proxy.port)
            return (client, try await Self.job(client))
        }
        server.jobs.append("one\n", to: .standardOutput, of: id)
        let follower = Task {
            for try await piece in client.logs(id, stream: .standardOutput, follow: true) { seen.append(piece) }
        }
        try await server.run { port in
            proxy.forward(to: port)
            try await eventually("the first line") { seen.text == "one\n" }
        }
        server.jobs.append("two\n", to: .standardOutput, of: id)
        try await server.run { port in
            proxy.forward(to: port)
            try await eventually("the second line") { seen.text == "one\ntwo\n" }
            try await server.finish(id, standardOutput: "one\ntwo\nthree\n")
            // While the master still runs: the end of a stream comes after its last byte.
            try await follower.value
        }
        #expect(seen.text == "one\ntwo\nthree\n")
        try await proxy.close()
    }

    @Test func threeHundredMegabytesTravelBothWays() async throws {
        let server = try LiveServer()
        try await server.run { port in
            let client = try await Self.client(port)
            let folder = try TemporaryFolder()
            let noise = try folder.writeNoise("noise", bytes: 300_000_000, seed: 7)
            var submission = Submission(
                script: .init(path: "/w/s.py", content: .bytes([]), mode: 0o644, modifiedNanoseconds: 0),
                workingDirectory: "/w")
            submission.inputs = [try .init(localPath: noise, path: "/w/noise")]
            let id = try await client.submit(submission).jobID
            let blob = try #require(server.jobs.all.first?.specification.inputs.first?.blob)
            #expect(blob.size == 300_000_000)
            try await server.finish(
                id, outputs: [FileEntry(path: "/w/copy", blob: blob, modifiedNanoseconds: 0, mode: 0o644)])
            let output = try #require(try await client.outputs(id).outputs.first)
            try await client.download(output, of: id, to: "\(folder.path)/copy")
            #expect(FileManager.default.contentsEqual(atPath: noise, andPath: "\(folder.path)/copy"))
        }
    }
}
