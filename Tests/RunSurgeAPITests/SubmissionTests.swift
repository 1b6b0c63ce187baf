import Crypto
import Foundation
import Hummingbird
import HummingbirdTesting
import RunSurgeCore
import RunSurgeTestStores
import Testing

@testable import RunSurgeAPI

@Suite struct SubmissionTests {
    private static func name(_ text: String) -> String { HexCoding.encode(SHA256.hash(data: Data(text.utf8))) }

    @Test func aFormLikeCurlsBecomesAJob() async throws {
        let facade = try Facade()
        try await facade.test { client in
            let ada = try await Caller.register("ada", at: client)
            let form = Form().file("script", "s.py", "print(1)").file("input", "data.csv", "a,b\n")
                .file("input", "sub/folder/more.csv", "").field("argument", "data.csv").field("argument", "--x=é")
                .field("name", "first").field("hash_seed", "7").field("priority", "-3")
                .field("min_split_seconds", "0.5").field("chunk_records", "10").field("split", "false")
                .field("env", #"{"A": "1"}"#).file("stdin", "-", "typed")
            let response = try await client.submit(form, as: ada)
            #expect(response.status == .created, "\(response.text)")
            let view = try response.decoded(JobView.self)
            #expect(view.status == .submitted && view.jobName == "first" && view.scriptName == "s.py")
            #expect(response.headers[.location] == "/api/job/\(view.jobID)")

            let job = try #require(facade.jobs.all.first)
            let specification = job.specification
            #expect(job.owner == ada.id)
            #expect(specification.script.path == "/job/s.py" && specification.script.mode == 0o644)
            #expect(specification.script.blob == BlobReference(sha256: Self.name("print(1)"), size: 8))
            #expect(specification.inputs.map(\.path) == ["/job/data.csv", "/job/sub/folder/more.csv"])
            #expect(specification.arguments == ["data.csv", "--x=é"])
            #expect(specification.standardInput == BlobReference(sha256: Self.name("typed"), size: 5))
            #expect(specification.environment == ["A": "1"] && specification.workingDirectory == "/job")
            #expect(specification.hashSeed == 7 && specification.priority == -3)
            #expect(specification.minSplitSeconds == 0.5 && specification.chunkRecords == 10)
            #expect(!specification.isSplittingAllowed)
            for blob in specification.blobs { #expect(try await facade.blobs.contains(blob)) }
        }
    }

    @Test func defaultsAreThoseOfPlainPython() async throws {
        let facade = try Facade()
        try await facade.test { client in
            let ada = try await Caller.register("ada", at: client)
            let form = Form().file("script", "s.py", "").field("arguments", #"["a b", ""]"#)
            #expect(try await client.submit(form, as: ada).status == .created)
            let specification = try #require(facade.jobs.all.first?.specification)
            #expect(specification.name == "s.py" && specification.arguments == ["a b", ""])
            #expect(specification.hashSeed == 0 && specification.minSplitSeconds == nil)
            #expect(specification.isSplittingAllowed && specification.standardInput == nil)
        }
    }

    private static let wrongForms: [(Form, String)] = [
        (Form().file("input", "a", ""), "script"),
        (Form().field("script", "print(1)"), "script"),
        (Form().file("script", "", "x"), "script"),
        (Form().file("script", "/etc/s.py", "x"), "script"),
        (Form().file("script", "s.py", "x").file("script", "t.py", "x"), "script"),
        (Form().file("script", "s.py", "x").field("input", "text"), "input"),
        (Form().file("script", "s.py", "x").file("input", "../a", ""), "input"),
        (Form().file("script", "s.py", "x").file("input", "a//b", ""), "input"),
        (Form().file("script", "s.py", "x").file("input", "a/./b", ""), "input"),
        (Form().file("script", "s.py", "x").file("input", "a\u{0}b", ""), "input"),
        (Form().file("script", "s.py", "x").file("input", "s.py", ""), "input"),
        (Form().file("script", "s.py", "x").file("input", "a", "").file("input", "a", ""), "input"),
        (Form().file("script", "s.py", "x").file("input", "a", "").file("input", "a/b", ""), "input"),
        (Form().file("script", "s.py", "x").file("input", "s.py/b", ""), "input"),
        (Form().file("script", "s.py", "x").file("input", String(repeating: "x", count: 256), ""), "input"),
        (Form().file("script", "s.py", "x").field("hash_seed", "-1"), "hash_seed"),
        (Form().file("script", "s.py", "x").field("hash_seed", "4294967296"), "hash_seed"),
        (Form().file("script", "s.py", "x").field("priority", "101"), "priority"),
        (Form().file("script", "s.py", "x").field("priority", "high"), "priority"),
        (Form().file("script", "s.py", "x").field("min_split_seconds", "-1"), "min_split_seconds"),
        (Form().file("script", "s.py", "x").field("min_split_seconds", "nan"), "min_split_seconds"),
        (Form().file("script", "s.py", "x").field("chunk_records", "0"), "chunk_records"),
        (Form().file("script", "s.py", "x").field("split", "maybe"), "split"),
        (Form().file("script", "s.py", "x").field("arguments", "[1]"), "0"),
        (Form().file("script", "s.py", "x").field("arguments", "a"), "arguments"),
        (Form().file("script", "s.py", "x").field("arguments", "[]").field("argument", "a"), "arguments"),
        (Form().file("script", "s.py", "x").field("argument", "a\u{0}"), "argument"),
        (Form().file("script", "s.py", "x").field("argument", String(repeating: "x", count: 1 << 20)), "argument"),
        (Form().file("script", "s.py", "x").field("env", #"{"A=B": "1"}"#), "env"),
        (Form().file("script", "s.py", "x").field("name", ""), "name"),
        (Form().file("script", "s.py", "x").field("name", String(repeating: "x", count: 256)), "name"),
        (Form().file("script", "s.py", "x").field("colour", "red"), "colour"),
        (Form().file("script", "s.py", "x").field("name", "a").field("name", "b"), "name"),
        (Form().file("script", "s.py", "x").field("specification", "{}"), "specification"),
        (Form().field("specification", "{}"), "script"),
        (Form().field("specification", "nonsense"), "specification"),
    ]

    @Test(arguments: wrongForms.indices) func aWrongFieldIsNamed(index: Int) async throws {
        let (form, field) = Self.wrongForms[index]
        let facade = try Facade()
        try await facade.test { client in
            let ada = try await Caller.register("ada", at: client)
            let response = try await client.submit(form, as: ada)
            #expect(response.status == .unprocessableContent, "\(index): \(response.text)")
            if field == "0" {
                #expect(response.text.contains("not of the right type"))
            } else {
                #expect(response.field == field, "\(index): \(response.text)")
            }
            #expect(facade.jobs.all.isEmpty)
        }
    }

    @Test func aScriptPastItsLimitIsRefusedAndNotKept() async throws {
        let facade = try Facade()
        try await facade.test { client in
            let ada = try await Caller.register("ada", at: client)
            let script = [UInt8](repeating: UInt8(ascii: "#"), count: Int(Limits.scriptBytes) + 1)
            let response = try await client.submit(Form().file("script", "s.py", bytes: script), as: ada)
            #expect(response.status == .contentTooLarge && response.code == "too_large", "\(response.text)")
            #expect(response.text.contains("s.py") && response.text.contains("\(Limits.scriptBytes)"))
            #expect(facade.blobs.files.isEmpty)
            #expect(
                try await client.submit(Form().file("script", "s.py", bytes: script.dropLast()), as: ada).status
                    == .created)
        }
    }

    @Test func tooManyFilesAreRefused() async throws {
        let facade = try Facade()
        try await facade.test { client in
            let ada = try await Caller.register("ada", at: client)
            var files: [String] = []
            for index in 0...Limits.inputFiles {
                files.append(
                    #"{"path": "/job/\#(index)", "mode": 420, "modified_nanoseconds": 0, "content": {"part": "a", "size": 0}}"#
                )
            }
            let specification = """
                {"script": {"path": "/job/s.py", "mode": 420, "modified_nanoseconds": 0, "content": {"part": "s"}},
                 "working_directory": "/job", "inputs": [\(files.joined(separator: ","))]}
                """
            let response = try await client.submit(Form().field("specification", specification), as: ada)
            #expect(response.status == .unprocessableContent && response.field == "input", "\(response.text)")
        }
    }

    @Test func aFullDiskIs507() async throws {
        let facade = try Facade()
        try await facade.test { client in
            let ada = try await Caller.register("ada", at: client)
            facade.blobs.fail(with: .storageFull)
            let response = try await client.submit(Form().file("script", "s.py", "x"), as: ada)
            #expect(response.status.code == 507 && response.code == "storage_full", "\(response.text)")
            #expect(facade.jobs.all.isEmpty && facade.blobs.files.isEmpty)
        }
    }

    @Test func aBodyThatIsCutLeavesNeitherJobNorItsFile() async throws {
        let facade = try Facade()
        try await facade.test { client in
            let ada = try await Caller.register("ada", at: client)
            let form = Form().file("script", "s.py", String(repeating: "x", count: 100_000))
            let response = try await client.send(
                .post, "/api/job/submit", as: ada, headers: [.contentType: form.contentType],
                body: ByteBuffer(bytes: form.cutBody.dropLast(1)))
            #expect(response.status == .badRequest && response.code == "truncated_body", "\(response.text)")
            #expect(facade.jobs.all.isEmpty && facade.blobs.files.isEmpty)
        }
    }

    @Test func whatIsNotMultipartIsRefused() async throws {
        try await Facade().test { client in
            let ada = try await Caller.register("ada", at: client)
            let response = try await client.send(.post, "/api/job/submit", as: ada, json: "{}")
            #expect(response.status == .unprocessableContent && response.code == "malformed_multipart")
            #expect(try await client.submit(Form().file("script", "s.py", "x"), as: nil).status == .unauthorized)
        }
    }

    @Test func aSpecificationKeepsPathsModesAndTimesExactly() async throws {
        let facade = try Facade()
        try await facade.test { client in
            let ada = try await Caller.register("ada", at: client)
            var view = SubmissionView(
                script: .init(
                    path: "/home/ada/s.py", content: .init(part: "s", size: 8), mode: 0o755,
                    modifiedNanoseconds: 1_764_000_000_123_456_789), workingDirectory: "/home/ada")
            view.inputs = [
                .init(path: "/data/x.bin", content: .init(part: "x", size: 3), mode: 0o600, modifiedNanoseconds: -5),
                .init(path: "/home/ada/empty", content: .init(blob: .empty), mode: 0o040755, modifiedNanoseconds: 1),
            ]
            view.arguments = ["-v"]
            view.environment = ["camelCase": "kept"]
            view.standardInput = .init(part: "x", size: 3)
            let json = String(decoding: try JSONEncoder().encode(view), as: UTF8.self)
            let form = Form().field("specification", json).file("s", "s", "print(1)").file("x", "x", "\0\r\n")
            let response = try await client.submit(form, as: ada)
            #expect(response.status == .created, "\(response.text)")
            let specification = try #require(facade.jobs.all.first?.specification)
            #expect(specification.script.path == "/home/ada/s.py" && specification.script.mode == 0o755)
            #expect(specification.script.modifiedNanoseconds == 1_764_000_000_123_456_789)
            #expect(specification.inputs[0].blob == BlobReference(sha256: Self.name("\0\r\n"), size: 3))
            #expect(specification.inputs[0].modifiedNanoseconds == -5 && specification.inputs[0].mode == 0o600)
            #expect(specification.inputs[1].isDirectory && specification.inputs[1].blob == .empty)
            #expect(specification.environment == ["camelCase": "kept"])
            #expect(specification.standardInput == specification.inputs[0].blob)
        }
    }

    @Test func aSpecificationUsesBlobsOfTheCallerOnly() async throws {
        let facade = try Facade()
        try await facade.test { client in
            let ada = try await Caller.register("ada", at: client)
            let bob = try await Caller.register("bob", at: client)
            let secret = Self.name("secret")
            let stored = try await client.send(
                .put, "/api/blob/\(secret)", as: ada, body: ByteBuffer(string: "secret"))
            let receipt = try #require(try stored.decoded(StoredBlobView.self).receipt)
            func submit(_ content: SubmissionView.Content, as caller: Caller) async throws -> TestResponse {
                var view = SubmissionView(
                    script: .init(
                        path: "/job/s.py", content: .init(part: "s", size: 1), mode: 0o644, modifiedNanoseconds: 0),
                    workingDirectory: "/job")
                view.inputs = [.init(path: "/job/x", content: content, mode: 0o644, modifiedNanoseconds: 0)]
                let json = String(decoding: try JSONEncoder().encode(view), as: UTF8.self)
                return try await client.submit(Form().field("specification", json).file("s", "s", "x"), as: caller)
            }
            let blob = BlobReference(sha256: secret, size: 6)
            let foreign = try await submit(.init(blob: blob), as: bob)
            #expect(foreign.status == .unprocessableContent && foreign.field == "inputs.0.content", "\(foreign.text)")
            #expect(try await submit(.init(blob: blob, receipt: receipt), as: bob).status == .unprocessableContent)
            #expect(try await submit(.init(blob: blob, receipt: "zz"), as: ada).status == .unprocessableContent)
            #expect(
                try await submit(.init(blob: blob), as: ada).status == .unprocessableContent, "no receipt, no job yet")
            #expect(try await submit(.init(blob: blob, receipt: receipt), as: ada).status == .created)
            #expect(try await submit(.init(blob: blob), as: ada).status == .created, "now her job names it")
            #expect(try await submit(.init(part: "none", size: 1), as: ada).status == .unprocessableContent)
            #expect(try await submit(.init(part: "s", size: 2), as: ada).status == .unprocessableContent)
        }
    }

    @Test(
        arguments: [
            "relative", "/", "/a/../b", "/a//b", "/a/", "/proc/self/mem", "/dev/null",
            "/" + String(repeating: "x/", count: 2_100) + "x",
        ])
    func aSpecificationsPathsMustBePlain(path: String) async throws {
        try await Facade().test { client in
            let ada = try await Caller.register("ada", at: client)
            let view = SubmissionView(
                script: .init(path: path, content: .init(part: "s", size: 1), mode: 0o644, modifiedNanoseconds: 0),
                workingDirectory: "/job")
            let json = String(decoding: try JSONEncoder().encode(view), as: UTF8.self)
            let response = try await client.submit(Form().field("specification", json).file("s", "s", "x"), as: ada)
            #expect(response.status == .unprocessableContent && response.field == "script.path", "\(response.text)")
        }
    }

    @Test func anAnnouncedGiantIsRefusedBeforeItsBytes() async throws {
        let facade = try Facade()
        try await facade.test { client in
            let ada = try await Caller.register("ada", at: client)
            var view = SubmissionView(
                script: .init(
                    path: "/job/s.py", content: .init(part: "s", size: 1), mode: 0o644, modifiedNanoseconds: 0),
                workingDirectory: "/job")
            view.inputs = [
                .init(
                    path: "/job/x", content: .init(part: "x", size: Limits.uploadBytes + 1), mode: 0o644,
                    modifiedNanoseconds: 0)
            ]
            let json = String(decoding: try JSONEncoder().encode(view), as: UTF8.self)
            let response = try await client.submit(Form().field("specification", json).file("s", "s", "x"), as: ada)
            #expect(response.status == .contentTooLarge && response.text.contains("/job/x"), "\(response.text)")
            #expect(facade.blobs.received == 0)
        }
    }
}
