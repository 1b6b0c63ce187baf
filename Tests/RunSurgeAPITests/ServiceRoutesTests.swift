import Hummingbird
import HummingbirdTesting
import RunSurgeCore
import RunSurgeTestStores
import Testing

@testable import RunSurgeAPI

@Suite struct ServiceRoutesTests {
    @Test func healthAndReadinessAreDifferentQuestions() async throws {
        let facade = try Facade()
        try await facade.test { client in
            for uri in ["/", "/healthz", "/readyz", "/readyz/"] {
                #expect(try await client.send(.get, uri).status == .ok, "\(uri)")
            }
            #expect(try await client.send(.get, "/").text.contains(#""message""#))
            facade.jobs.set(isReachable: false)
            #expect(try await client.send(.get, "/healthz").status == .ok)
            let response = try await client.send(.get, "/readyz")
            #expect(response.status == .serviceUnavailable && response.code == "not_ready")
        }
    }

    @Test func healthTellsTheRoleOfTheMaster() async throws {
        var facade = try Facade()
        facade.configuration.role = { MasterRoleView(role: .leader, term: 7) }
        try await facade.test { client in
            for uri in ["/healthz", "/readyz"] {
                let text = try await client.send(.get, uri).text
                #expect(text.contains(#""role":"leader""#) && text.contains(#""term":7"#), "\(text)")
            }
        }
    }

    @Test func whatIsNotThereIsA404InTheUsualForm() async throws {
        try await Facade().test { client in
            for (method, uri) in [(HTTPRequest.Method.get, "/nothing"), (.get, "/api/job")] {
                let response = try await client.send(method, uri)
                #expect(response.status == .notFound && response.code == "no_such_route", "\(uri): \(response.text)")
                #expect(response.headers[.contentType]?.hasPrefix("application/json") == true)
            }
        }
    }

    @Test func aLongJSONBodyIsRefused() async throws {
        try await Facade().test { client in
            let body = ByteBuffer(repeating: UInt8(ascii: " "), count: Limits.jsonBodyBytes + 1)
            let response = try await client.send(.post, "/api/auth/login", body: body)
            #expect(response.status == .contentTooLarge && response.code == "too_large")
        }
    }

    @Test func onlyConfiguredOriginsMayCallFromABrowser() async throws {
        var facade = try Facade()
        facade.configuration.allowedOrigins = ["https://app.example"]
        try await facade.test { client in
            let preflight: HTTPFields = [
                .origin: "https://app.example", .accessControlRequestMethod: "PUT",
                .accessControlRequestHeaders: "X-Thing",
            ]
            let allowed = try await client.send(.options, "/api/job/submit", headers: preflight)
            #expect(allowed.status == .noContent)
            #expect(allowed.headers[.accessControlAllowOrigin] == "https://app.example")
            #expect(allowed.headers[.accessControlAllowCredentials] == "true")
            #expect(allowed.headers[.accessControlAllowHeaders] == "X-Thing")
            // Refusals too must be readable by the page.
            let refused = try await client.send(.get, "/api/users/jobs", headers: [.origin: "https://app.example"])
            #expect(refused.status == .unauthorized)
            #expect(refused.headers[.accessControlAllowOrigin] == "https://app.example")
            for origin in ["https://evil.example", "null", "https://app.example.evil"] {
                let response = try await client.send(.get, "/", headers: [.origin: origin])
                #expect(response.headers[.accessControlAllowOrigin] == nil, "\(origin)")
            }
        }
    }

    @Test func attemptsComeBackWithTime() throws {
        let limiter = LoginLimiter()
        let start = ContinuousClock.now
        for _ in 0..<10 { try limiter.attempt(account: "ada", address: "1.2.3.4", now: start) }
        #expect(throws: APIError.self) { try limiter.attempt(account: "ada", address: "1.2.3.4", now: start) }
        try limiter.attempt(account: "ada", address: "1.2.3.4", now: start + .seconds(31))
        #expect(throws: APIError.self) {
            try limiter.attempt(account: "ada", address: "1.2.3.4", now: start + .seconds(32))
        }
        limiter.succeeded(account: "ada", address: "1.2.3.4")
        try limiter.attempt(account: "ada", address: "1.2.3.4", now: start + .seconds(32))
    }
}
