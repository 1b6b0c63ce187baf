import HTTPTypes
import Hummingbird
import HummingbirdTesting
import RunSurgeCore
import Testing

@testable import RunSurgeAPI

/// Requests that come again.
struct IdempotencyTests {
    private static let form = Form().file("script", "s.py", "x").file("input", "a.csv", "1,2\n").field("name", "n")

    private static func submit(
        _ form: Form, key: String, as caller: Caller, at client: any TestClientProtocol
    ) async throws -> TestResponse {
        let name = try #require(HTTPField.Name("Idempotency-Key"))
        return try await client.send(
            .post, "/api/job/submit", as: caller, headers: [.contentType: form.contentType, name: key],
            body: ByteBuffer(bytes: form.body))
    }

    @Test func theSameRequestUnderTheSameKeyIsAnsweredAsBefore() async throws {
        let facade = try Facade()
        try await facade.test { client in
            let ada = try await Caller.register("ada", at: client)
            let bob = try await Caller.register("bob", at: client)
            let first = try await Self.submit(Self.form, key: "k1", as: ada, at: client)
            let again = try await Self.submit(Self.form, key: "k1", as: ada, at: client)
            #expect(first.status == .created && again.status == .created && first.text == again.text)
            #expect(facade.jobs.all.count == 1)
            for (key, caller) in [("k2", ada), ("k1", bob)] {
                let other = try await Self.submit(Self.form, key: key, as: caller, at: client)
                #expect(other.status == .created && other.text != first.text)
            }
            #expect(facade.jobs.all.count == 3)
        }
    }

    @Test(arguments: ["", String(repeating: "k", count: 256), "two words", "schlüssel"])
    func aKeyThatIsNoneIsRefused(key: String) async throws {
        let facade = try Facade()
        try await facade.test { client in
            let ada = try await Caller.register("ada", at: client)
            let response = try await Self.submit(Self.form, key: key, as: ada, at: client)
            #expect(response.status == .unprocessableContent && response.field == "Idempotency-Key", "\(response.text)")
            #expect(facade.jobs.all.isEmpty)
        }
    }

    @Test func aDigestTellsRequestsApart() {
        let blob = BlobReference(sha256: String(repeating: "a", count: 64), size: 1)
        let changes: [(inout RequestDigest) -> Void] = [
            { _ in },
            { $0.add(field: "a", "bc") },
            { $0.add(field: "ab", "c") },
            {
                $0.add(field: "a", "bc")
                $0.add(field: "a", "bc")
            },
            { $0.add(field: "a", fileName: nil, blob) },
            { $0.add(field: "a", fileName: "b", blob) },
            { $0.add(field: "a", fileName: "b", .empty) },
            { $0.add(field: "a", blob.sha256) },
        ]
        let digests = changes.map { change in
            var digest = RequestDigest()
            change(&digest)
            return digest.bytes
        }
        #expect(Set(digests).count == changes.count && digests.allSatisfy { $0.count == 32 })
    }
}
