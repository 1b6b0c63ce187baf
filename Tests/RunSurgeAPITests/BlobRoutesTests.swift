import Crypto
import Foundation
import Hummingbird
import HummingbirdTesting
import RunSurgeCore
import RunSurgeTestStores
import Testing

@testable import RunSurgeAPI

@Suite struct BlobRoutesTests {
    private static let worker: HTTPFields = [.authorization: "Bearer \(Facade.blobPass)"]
    private static func name(_ text: String) -> String { HexCoding.encode(SHA256.hash(data: Data(text.utf8))) }

    @Test func aWorkerStoresAndReadsByRange() async throws {
        let facade = try Facade()
        try await facade.test { client in
            let name = Self.name("0123456789")
            let uri = "/api/blob/\(name)?size=10"
            #expect(try await client.send(.head, uri, headers: Self.worker).status == .notFound)
            let put = try await client.send(
                .put, "/api/blob/\(name)", headers: Self.worker, body: ByteBuffer(string: "0123456789"))
            #expect(try put.status == .created && put.decoded(StoredBlobView.self).size == 10)
            var stated = Self.worker
            stated[.contentLength] = "9"
            let shorter = try await client.send(.put, uri, headers: stated, body: ByteBuffer(string: "012345678"))
            #expect(shorter.status == .unprocessableContent && shorter.field == "size", "\(shorter.text)")
            let head = try await client.send(.head, uri, headers: Self.worker)
            #expect(head.status == .ok && head.headers[.contentLength] == "10" && head.text.isEmpty)
            let whole = try await client.send(.get, uri, headers: Self.worker)
            #expect(whole.text == "0123456789" && whole.headers[.eTag] == "\"\(name)\"")
            #expect(whole.headers[.acceptRanges] == "bytes")

            for (range, status, text, stated) in [
                ("bytes=2-4", HTTPResponse.Status.partialContent, "234", "bytes 2-4/10"),
                ("bytes=7-", .partialContent, "789", "bytes 7-9/10"),
                ("bytes=7-99", .partialContent, "789", "bytes 7-9/10"),
                ("bytes=-3", .partialContent, "789", "bytes 7-9/10"),
                ("bytes=-99", .partialContent, "0123456789", "bytes 0-9/10"),
                ("bytes=10-", .rangeNotSatisfiable, "", "bytes */10"),
                ("bytes=-0", .rangeNotSatisfiable, "", "bytes */10"),
            ] {
                var headers = Self.worker
                headers[.range] = range
                let response = try await client.send(.get, uri, headers: headers)
                #expect(response.status == status && response.text == text, "\(range)")
                #expect(response.headers[.contentRange] == stated, "\(range)")
            }
            for range in ["bytes=4-2", "bytes=a-b", "lines=1-2", "bytes=0-1,3-4", "bytes=-", "bytes"] {
                var headers = Self.worker
                headers[.range] = range
                #expect(try await client.send(.get, uri, headers: headers).status == .ok, "\(range)")
            }
            var known = Self.worker
            known[.ifNoneMatch] = "\"other\", \"\(name)\""
            #expect(try await client.send(.get, uri, headers: known).status == .notModified)
            var stale = Self.worker
            stale[.range] = "bytes=2-4"
            stale[.ifRange] = "\"other\""
            #expect(try await client.send(.get, uri, headers: stale).text == "0123456789")
        }
    }

    @Test func bytesThatAreNotWhatTheirNameSaysAreNotKept() async throws {
        let facade = try Facade()
        try await facade.test { client in
            let response = try await client.send(
                .put, "/api/blob/\(Self.name("right"))", headers: Self.worker, body: ByteBuffer(string: "wrong"))
            #expect(response.status == .unprocessableContent && response.field == "sha256")
            #expect(facade.blobs.files.isEmpty)
        }
    }

    @Test func aUserReadsBlobsOfOwnJobsOnly() async throws {
        let facade = try Facade()
        try await facade.test { client in
            let ada = try await Caller.register("ada", at: client)
            let bob = try await Caller.register("bob", at: client)
            _ = try await client.submit(Form().file("script", "s.py", "print(1)"), as: ada)
            let uri = "/api/blob/\(Self.name("print(1)"))"
            #expect(try await client.send(.get, uri, as: ada).text == "print(1)")
            #expect(try await client.send(.head, uri, as: ada).status == .ok)
            for method in [HTTPRequest.Method.get, .head] {
                #expect(try await client.send(method, uri, as: bob).status == .notFound)
                #expect(try await client.send(method, uri).status == .unauthorized)
            }
            #expect(try await client.send(.put, uri, body: ByteBuffer(string: "print(1)")).status == .unauthorized)
        }
    }

    @Test(arguments: ["x", "../../etc/passwd", String(repeating: "A", count: 64), String(repeating: "a", count: 63)])
    func whatIsNoHashIsRefused(name: String) async throws {
        try await Facade().test { client in
            let encoded = name.replacing("/", with: "%2F")
            let response = try await client.send(.get, "/api/blob/\(encoded)?size=1", headers: Self.worker)
            #expect(response.status == .unprocessableContent && response.field == "sha256", "\(response.text)")
        }
    }

    @Test func aWorkerMustNameTheSize() async throws {
        try await Facade().test { client in
            let response = try await client.send(.get, "/api/blob/\(Self.name("x"))", headers: Self.worker)
            #expect(response.status == .unprocessableContent && response.field == "size")
        }
    }
}
