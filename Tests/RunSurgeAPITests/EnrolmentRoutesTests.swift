import Hummingbird
import RunSurgeCore
import Testing

@testable import RunSurgeAPI

/// Tokens for machines, what they are exchanged for, and how keys are taken back.
struct EnrolmentRoutesTests {
    private static let endpoints = LinkEndpoints(work: "tcp://*:1", results: "a", heartbeats: "b", events: "c")

    private static func facade() throws -> Facade {
        var facade = try Facade()
        facade.configuration.linkEndpoints = { endpoints }
        return facade
    }

    private static func key(_ digit: String = "a") -> String { String(repeating: digit, count: 64) }

    private static func body(_ token: String, key: String = key(), name: String = "box") -> String {
        #"{"token": "\#(token)", "public_key": "\#(key)", "name": "\#(name)"}"#
    }

    @Test func aTokenEnrolsOneMachineOnce() async throws {
        let facade = try Self.facade()
        try await facade.enrolment.announceServerKeys(
            current: [UInt8](repeating: 7, count: 32), next: [UInt8](repeating: 8, count: 32), retired: [])
        try await facade.test { client in
            let owner = try await Caller.register("owner", at: client)
            let made = try await client.send(.post, "/api/node/enroll-token", as: owner, json: "{}")
            #expect(made.status == .created)
            let token = try made.decoded(EnrolmentTokenView.self)
            #expect(token.kind == .worker)

            let first = try await client.send(.post, "/api/node/enroll", json: Self.body(token.token))
            #expect(first.status == .created)
            let view = try first.decoded(EnrolmentView.self)
            #expect(view.key.nodeID != nil)
            #expect(view.key.publicKey == Self.key())
            #expect(view.serverKeys == [String(repeating: "07", count: 32), String(repeating: "08", count: 32)])
            #expect(view.endpoints == Self.endpoints)

            let again = try await client.send(.post, "/api/node/enroll", json: Self.body(token.token))
            #expect(try again.decoded(EnrolmentView.self).key == view.key)
            let other = try await client.send(
                .post, "/api/node/enroll", json: Self.body(token.token, key: Self.key("b")))
            #expect(other.status == .forbidden)
            #expect(other.code == "token_invalid")
        }
    }

    @Test func aTokenNeedsALoginAndAnEnrolmentAToken() async throws {
        let facade = try Self.facade()
        try await facade.test { client in
            #expect(try await client.send(.post, "/api/node/enroll-token", json: "{}").status == .unauthorized)
            let worker: HTTPFields = [.authorization: "Bearer \(Facade.blobPass)"]
            #expect(
                try await client.send(.post, "/api/node/enroll-token", headers: worker, json: "{}").status == .forbidden
            )
            let guess = try await client.send(.post, "/api/node/enroll", json: Self.body("enroll-guess"))
            #expect(guess.status == .forbidden)
            #expect(try await client.send(.get, "/api/node/keys").status == .unauthorized)
            #expect(try await client.send(.delete, "/api/node/1/key").status == .unauthorized)
        }
    }

    @Test(arguments: [
        (#"{"lifetime_seconds": 1}"#, "lifetime_seconds"), (#"{"lifetime_seconds": 99999999}"#, "lifetime_seconds"),
        (#"{"kind": "master"}"#, "kind"), ("[]", "body"),
    ])
    func aTokenThatMakesNoSenseIsRefused(body: String, field: String) async throws {
        let facade = try Self.facade()
        try await facade.test { client in
            let owner = try await Caller.register("owner", at: client)
            let answer = try await client.send(.post, "/api/node/enroll-token", as: owner, json: body)
            #expect(answer.status == .unprocessableContent)
            #expect(answer.field == field)
        }
    }

    @Test(arguments: [
        (key("a") + "b", "box", "public_key"), (key("z"), "box", "public_key"), (key(), "", "name"),
        (key(), String(repeating: "n", count: 256), "name"),
    ])
    func aKeyOrNameThatMakesNoSenseSpendsNoToken(key: String, name: String, field: String) async throws {
        let facade = try Self.facade()
        try await facade.test { client in
            let owner = try await Caller.register("owner", at: client)
            let token = try await client.send(.post, "/api/node/enroll-token", as: owner, json: "{}")
                .decoded(EnrolmentTokenView.self).token
            let answer = try await client.send(
                .post, "/api/node/enroll", json: Self.body(token, key: key, name: name))
            #expect(answer.status == .unprocessableContent)
            #expect(answer.field == field)
            #expect(try await client.send(.post, "/api/node/enroll", json: Self.body(token)).status == .created)
        }
    }

    @Test func aMasterThatDoesNotLeadSpendsNoToken() async throws {
        let facade = try Facade()
        try await facade.test { client in
            let owner = try await Caller.register("owner", at: client)
            let token = try await client.send(.post, "/api/node/enroll-token", as: owner, json: "{}")
                .decoded(EnrolmentTokenView.self).token
            let answer = try await client.send(.post, "/api/node/enroll", json: Self.body(token))
            #expect(answer.status == .serviceUnavailable)
            #expect(try await facade.enrolment.validKeys().isEmpty)
        }
    }

    @Test func keysAreListedAndRevokedByTheirOwnerAlone() async throws {
        let facade = try Self.facade()
        try await facade.test { client in
            let owner = try await Caller.register("owner", at: client)
            let stranger = try await Caller.register("stranger", at: client)
            func enrol(_ kind: String, _ digit: String) async throws -> KeyView {
                let token = try await client.send(
                    .post, "/api/node/enroll-token", as: owner, json: #"{"kind": "\#(kind)"}"#
                ).decoded(EnrolmentTokenView.self).token
                return try await client.send(
                    .post, "/api/node/enroll", json: Self.body(token, key: Self.key(digit))
                ).decoded(EnrolmentView.self).key
            }
            let worker = try await enrol("worker", "a")
            let monitor = try await enrol("monitor", "b")
            let node = try #require(worker.nodeID)
            #expect(monitor.nodeID == nil)
            #expect(
                try await client.send(.get, "/api/node/keys", as: owner).decoded(KeyListView.self).keys
                    == [monitor, worker])
            #expect(
                try await client.send(.get, "/api/node/keys", as: stranger).decoded(KeyListView.self).keys.isEmpty)
            for path in ["/api/node/\(node)/key", "/api/node/keys/\(monitor.keyID)"] {
                #expect(try await client.send(.delete, path, as: stranger).status == .notFound)
            }
            #expect(try await client.send(.post, "/api/node/\(node)/revoke", as: stranger).status == .notFound)
            #expect(try await facade.enrolment.validKeys().count == 2)

            let revoked = try await client.send(.delete, "/api/node/\(node)/key", as: owner)
            #expect(try revoked.decoded(KeyView.self).revokedAt != nil)
            let second = try await client.send(.delete, "/api/node/keys/\(monitor.keyID)", as: owner)
            #expect(second.status == .ok)
            #expect(try await facade.enrolment.validKeys().isEmpty)
            #expect(try await client.send(.delete, "/api/node/zero/key", as: owner).status == .unprocessableContent)
        }
    }
}
