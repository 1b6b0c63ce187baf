import Foundation
import Hummingbird
import HummingbirdTesting
import RunSurgeCore
import Testing

@testable import RunSurgeAPI

/// What every route has because its description serves it.
struct EndpointTests {
    @Test(arguments: [
        ("DELETE", "/api/users/me", "GET, HEAD, OPTIONS"), ("PUT", "/api/job/1", "DELETE, GET, HEAD, OPTIONS"),
        ("POST", "/api/job/1/outputs/a/b", "GET, HEAD, OPTIONS"), ("GET", "/api/node/keys/7", "DELETE, OPTIONS"),
        ("GET", "/api/node/7/key", "DELETE, OPTIONS"), ("PATCH", "/", "GET, HEAD, OPTIONS"),
        ("TRACE", "/api/auth/login/", "OPTIONS, POST"),
    ])
    func aWrongMethodIsToldTheRightOnes(method: String, path: String, allowed: String) async throws {
        try await Facade().test { client in
            let method = try #require(HTTPRequest.Method(method))
            let response = try await client.send(method, path)
            #expect(response.status == .methodNotAllowed && response.code == "method_not_allowed", "\(response.text)")
            #expect(response.headers[.allow] == allowed)
            let options = try await client.send(.options, path)
            #expect(options.status == .noContent && options.headers[.allow] == allowed)
        }
    }

    @Test(arguments: ["/nothing", "/api/job", "/api/job/1/nothing", "/api/node/keys/7/x", "/docs/assets", "/api//x"])
    func whatIsNowhereIsA404ForEveryMethod(path: String) async throws {
        try await Facade().test { client in
            for method in [HTTPRequest.Method.get, .post, .options, .delete] {
                let response = try await client.send(method, path)
                #expect(response.status == .notFound && response.code == "no_such_route", "\(method) \(path)")
            }
        }
    }

    @Test func everyRouteOfTheDocumentIsServedWithAndWithoutASlashAtItsEnd() async throws {
        try await Facade().test { client in
            let document = try await client.send(.get, "/openapi.json").decoded(JSONValue.self)
            let paths = try #require(document["paths"]?.members)
            #expect(paths.count > 20)
            for (path, operations) in paths {
                let concrete = path.replacing(#/\{[a-z0-9_]+\}/#, with: "7")
                for method in try #require(operations.members).keys {
                    let method = try #require(HTTPRequest.Method(method.uppercased()))
                    for uri in [concrete, concrete + "/"] {
                        let response = try await client.send(method, uri)
                        #expect(response.code != "no_such_route", "\(method) \(uri)")
                        #expect(response.status != .methodNotAllowed, "\(method) \(uri)")
                    }
                }
            }
        }
    }

    @Test(arguments: [
        ("/api/users/jobs?limit=5&limit=6", "limit"), ("/api/users/jobs?limit=%zz", "limit"),
        ("/api/users/jobs?limit=%ff", "limit"), ("/api/users/jobs?limit=", "limit"),
        ("/api/users/jobs?limit=+5", "limit"), ("/api/users/jobs?limit=99999999999999999999", "limit"),
        ("/api/users/jobs?colour=red", "colour"), ("/api/users/jobs?%c3=1", "query"),
        ("/api/users/jobs?cursor=x", "cursor"), ("/api/users/jobs?before=0", "before"),
        ("/api/users/jobs?limit=%00", "limit"), ("/api/job/1/logs?stream=both", "stream"),
        ("/api/job/1/logs?follow=maybe", "follow"), ("/api/job/1/outputs/a%00b", "path"),
        ("/api/job/1/outputs/%ff", "path"), ("/api/blob/%2", "sha256"),
    ])
    func aWrongParameterIsNamedToWhoIsLoggedInOnly(uri: String, field: String) async throws {
        try await Facade().test { client in
            #expect(try await client.send(.get, uri).status == .unauthorized)
            let ada = try await Caller.register("ada", at: client)
            let response = try await client.send(.get, uri, as: ada)
            #expect(response.status == .unprocessableContent && response.field == field, "\(uri): \(response.text)")
        }
    }

    @Test func aBodyThatIsSaidToBeSomethingElseIsNotRead() async throws {
        try await Facade().test { client in
            let ada = try await Caller.register("ada", at: client)
            for (path, type) in [
                ("/api/auth/login", "text/plain"), ("/api/node/enroll-token", "application/xml"),
                ("/api/job/submit", "application/json"),
            ] {
                let response = try await client.send(.post, path, as: ada, headers: [.contentType: type], json: "{}")
                #expect(response.status == .unsupportedMediaType, "\(path): \(response.text)")
                #expect(response.code == "unsupported_media_type")
            }
            let stated = try await client.send(
                .post, "/api/node/enroll-token", as: ada, headers: [.contentType: "Application/JSON; charset=utf-8"],
                json: "{}")
            #expect(stated.status == .created)
        }
    }

    @Test(
        arguments: [
            ("/api/auth/login", #"{"username_or_email": "a\u0000b", "password": "x"}"#, "username_or_email"),
            ("/api/auth/login", #"{"username_or_email": "a", "password": "x", "extra": 1}"#, nil),
            ("/api/auth/login", "", "body"), ("/api/auth/login", #"{"username_or_email": "a"}"#, "password"),
            (
                "/api/auth/register", #"{"username": "ada\u0000", "email": "a@b.c", "password": "longenough"}"#,
                "username"
            ),
            ("/api/auth/refresh", #"{"refresh_token": 5}"#, "refresh_token"),
            ("/api/auth/refresh", #"{"refresh_token": "a\u0000"}"#, "refresh_token"),
            ("/api/node/enroll", #"{"token": "t", "public_key": "p", "name": "n"}"#, "public_key"),
            ("/api/node/enroll", #"{"name": 1e400}"#, "name"),
        ] as [(String, String, String?)])
    func aWrongFieldOfABodyIsNamed(path: String, json: String, field: String?) async throws {
        try await Facade().test { client in
            let response = try await client.send(.post, path, json: json)
            #expect((response.status == .unprocessableContent) == (field != nil), "\(json): \(response.text)")
            #expect(response.field == field, "\(json): \(response.text)")
        }
    }

    @Test func aBodyNestedBeyondReasonIsRefused() async throws {
        try await Facade().test { client in
            let full = String(repeating: "[", count: 500) + String(repeating: "]", count: 500)
            for text in [full, String(repeating: "[", count: 60_000), String(repeating: #"{"a":"#, count: 10_000)] {
                let response = try await client.send(.post, "/api/auth/login", json: text)
                #expect(response.status == .unprocessableContent, "\(response.text)")
            }
        }
    }
}

extension JSONValue {
    var members: [String: JSONValue]? { if case .object(let members) = self { members } else { nil } }
    var elements: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }

    subscript(name: String) -> JSONValue? { members?[name] }
}
