import Foundation
import Hummingbird
import HummingbirdTesting
import RunSurgeCore
import Testing

@testable import RunSurgeAPI

/// The document of the routes, and the pages that show it.
struct DocumentTests {
    private static func everything(in value: JSONValue, _ visit: (String, JSONValue) throws -> Void) rethrows {
        for (name, member) in value.members ?? [:] {
            try visit(name, member)
            try everything(in: member, visit)
        }
        for element in value.elements ?? [] { try everything(in: element, visit) }
    }

    @Test func theDocumentIsWholeInItself() async throws {
        try await Facade().test { client in
            let response = try await client.send(.get, "/openapi.json")
            #expect(response.headers[.contentType]?.hasPrefix("application/json") == true)
            let document = try response.decoded(JSONValue.self)
            #expect(document["openapi"] == "3.1.0")
            let components = try #require(document["components"]?["schemas"]?.members)
            Self.everything(in: document) { name, value in
                if name == "$ref", let reference = value.string {
                    let known = components.keys.contains { reference == "#/components/schemas/\($0)" }
                    #expect(known, "\(reference) leads nowhere")
                }
                if name == "pattern", let pattern = value.string {
                    #expect(TextRule.expression(pattern) != nil, "\(pattern) is no pattern")
                }
            }
            var ids: Set<String> = []
            for (path, operations) in try #require(document["paths"]?.members) {
                for (method, operation) in try #require(operations.members) {
                    let id = try #require(operation["operationId"]?.string)
                    #expect(ids.insert(id).inserted, "\(id) is there twice")
                    let statuses = try #require(operation["responses"]?.members).keys
                    #expect(statuses.contains { $0.hasPrefix("2") } && statuses.contains("422"), "\(method) \(path)")
                    let named = path.matches(of: #/\{([a-z0-9_]+)\}/#).map { String($0.1) }
                    let described = (operation["parameters"]?.elements ?? [])
                        .filter { $0["in"] == "path" }.compactMap { $0["name"]?.string }
                    #expect(named.sorted() == described.sorted(), "\(method) \(path)")
                }
            }
        }
    }

    @Test func boundsAreShownAsTheyAreChecked() async throws {
        try await Facade().test { client in
            let document = try await client.send(.get, "/openapi.json").decoded(JSONValue.self)
            let schemas = try #require(document["components"]?["schemas"])
            #expect(schemas["RegistrationRequest"]?["properties"]?["password"]?["minLength"] == 8)
            #expect(schemas["Job"]?["properties"]?["created_at"]?["format"] == "date-time")
            #expect(schemas["Job"]?["properties"]?["status"]?["$ref"] == "#/components/schemas/JobState")
            #expect(schemas["JobState"]?["enum"]?.elements?.contains("cancelled") == true)
            let id = document["paths"]?["/api/job/{id}"]?["get"]?["parameters"]?.elements?.first
            #expect(id?["schema"] == ["type": "integer", "format": "int64", "minimum": 1])
        }
    }

    @Test func withoutAssetsThePagesSayWhatToInstall() async throws {
        try await Facade().test { client in
            for path in ["/docs", "/docs/", "/redoc"] {
                let page = try await client.send(.get, path)
                #expect(page.status == .ok && page.text.contains("pip install"), "\(page.text)")
                #expect(page.headers[.contentSecurityPolicy]?.contains("default-src 'none'") == true)
            }
            let asset = try await client.send(.get, "/docs/assets/swagger-ui.css")
            #expect(asset.status == .notFound && asset.code == "asset_not_found")
        }
    }

    @Test func assetsAreFoundBelowTheirFolderAndNothingElseIsServed() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: folder) }
        let inner = folder.appending(path: "swagger/5")
        try FileManager.default.createDirectory(at: inner, withIntermediateDirectories: true)
        for name in ["swagger-ui-bundle.js", "swagger-ui.css", "redoc.standalone.js", "secret.txt"] {
            try Data(name.utf8).write(to: inner.appending(path: name))
        }
        var facade = try Facade()
        facade.configuration.documentAssets = .folder(folder.path)
        try await facade.test { client in
            let page = try await client.send(.get, "/docs").text
            #expect(page.contains(#"<script src="/docs/assets/swagger-ui-bundle.js">"#), "\(page)")
            #expect(try await client.send(.get, "/redoc").text.contains("/docs/assets/redoc.standalone.js"))
            #expect(try await client.send(.get, "/docs/start.js").text.contains("/openapi.json"))
            let style = try await client.send(.get, "/docs/assets/swagger-ui.css")
            #expect(style.text == "swagger-ui.css" && style.headers[.contentType] == "text/css; charset=utf-8")
            for name in ["secret.txt", "..%2Fswagger-ui.css", "%2e%2e"] {
                #expect(try await client.send(.get, "/docs/assets/\(name)").status == .unprocessableContent, "\(name)")
            }
        }
    }

    @Test func assetsOfAnotherPlaceAreNamedInThePolicy() async throws {
        var facade = try Facade()
        facade.configuration.documentAssets = .url(try #require(URL(string: "https://cdn.example:8443/ui")))
        try await facade.test { client in
            let page = try await client.send(.get, "/docs")
            #expect(page.text.contains(#"src="https://cdn.example:8443/ui/swagger-ui-bundle.js""#), "\(page.text)")
            let policy = try #require(page.headers[.contentSecurityPolicy])
            #expect(policy.contains("script-src 'self' https://cdn.example:8443;"), "\(policy)")
        }
    }
}
