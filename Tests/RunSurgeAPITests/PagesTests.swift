import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import RunSurgeCore
import Testing

@testable import RunSurgeAPI

/// Lists by cursor.
struct PagesTests {
    @Test func cursorsLeadThroughAListAndEnd() async throws {
        try await Facade().test { client in
            let ada = try await Caller.register("ada", at: client)
            for _ in 0..<4 { _ = try await client.submit(Form().file("script", "s.py", "x"), as: ada) }
            var seen: [Int64] = []
            var uri: String? = "/api/users/jobs?limit=2"
            while let current = uri {
                let response = try await client.send(.get, current, as: ada)
                let page = try response.decoded(JobListView.self)
                seen += page.jobs.map(\.jobID.rawValue)
                let link = response.headers[try #require(HTTPField.Name("Link"))]
                let next = page.nextCursor.map { "/api/users/jobs?limit=2&cursor=\($0)" }
                #expect(link == next.map { "<\($0)>; rel=\"next\"" })
                #expect((page.nextBefore == nil) == (next == nil))
                uri = next
            }
            #expect(seen == [4, 3, 2, 1])
        }
    }

    @Test func aCursorIsGoodForItsListOnly() throws {
        let pages = Pages(secret: "a secret of the tests, 32 bytes long")
        for position in [1, 7, Int64.max] {
            let cursor = pages.cursor(after: position, in: "jobs of 1")
            #expect(try pages.position(of: cursor, in: "jobs of 1") == position)
            #expect(throws: APIError.self) { try pages.position(of: cursor, in: "jobs of 2") }
            let other = Pages(secret: "another secret of the tests, 32 bytes")
            #expect(throws: APIError.self) { try other.position(of: cursor, in: "jobs of 1") }
            #expect(Pages.cursor.description.schema == .text(32...32, pattern: "[A-Za-z0-9_-]{32}"))
            #expect(cursor.count == 32)
        }
    }
}
