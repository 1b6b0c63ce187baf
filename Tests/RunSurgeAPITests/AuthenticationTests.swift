import Foundation
import Hummingbird
import HummingbirdTesting
import RunSurgeCore
import Testing

@testable import RunSurgeAPI

@Suite struct AuthenticationTests {
    @Test func registrationLogsInByCookieAndByBearer() async throws {
        try await Facade().test { client in
            let response = try await client.send(
                .post, "/api/auth/register/",
                json: #"{"username": "ada", "email": "ada@example.org", "password": "correct horse"}"#)
            #expect(response.status == .ok)
            let session = try response.decoded(SessionView.self)
            #expect(session.user.username == "ada" && session.success)
            for name in ["access_token", "refresh_token"] {
                let cookie = try #require(response.cookies[name])
                #expect(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Path=/"))
                #expect(!cookie.contains("Secure"))
            }
            let cookie = try #require(response.cookies["access_token"]?.split(separator: ";").first)
            for headers: HTTPFields in [
                [.authorization: "Bearer \(session.accessToken)"], [.cookie: "x=1; access_token=\(cookie)"],
            ] {
                let me = try await client.send(.get, "/api/users/me", headers: headers)
                #expect(me.status == .ok)
                #expect(me.text.contains(#""status":"authenticated""#), "\(me.text)")
                #expect(try me.decoded(IdentityView.self).user?.email == "ada@example.org")
            }
        }
    }

    @Test func cookiesAreSecureWhenServedOverTLS() async throws {
        var facade = try Facade()
        facade.configuration.areCookiesSecure = true
        try await facade.test { client in
            let response = try await client.send(
                .post, "/api/auth/register",
                json: #"{"username": "ada", "email": "ada@example.org", "password": "correct horse"}"#)
            #expect(response.cookies["refresh_token"]?.contains("Secure") == true)
        }
    }

    @Test func withoutALoginMeSaysSoAndOtherRoutesAnswer401() async throws {
        try await Facade().test { client in
            for headers: HTTPFields in [
                [:], [.authorization: "Bearer nonsense"], [.authorization: "Basic YTpi"],
                [.cookie: "access_token=x.y.z"],
            ] {
                let me = try await client.send(.get, "/api/users/me", headers: headers)
                #expect(me.status == .ok)
                #expect(me.text.contains(#""status":"unauthenticated""#) && me.text.contains(#""user":null"#))
                let jobs = try await client.send(.get, "/api/users/jobs", headers: headers)
                #expect(jobs.status == .unauthorized && jobs.code == "unauthenticated")
                #expect(jobs.headers[.wwwAuthenticate] == "Bearer")
            }
        }
    }

    @Test(
        arguments: [
            (#"{"email": "a@b.c", "password": "correct horse"}"#, "username"),
            (#"{"username": 5, "email": "a@b.c", "password": "correct horse"}"#, "username"),
            (#"{"username": "", "email": "a@b.c", "password": "correct horse"}"#, "username"),
            (#"{"username": "a\u202eb", "email": "a@b.c", "password": "correct horse"}"#, "username"),
            (#"{"username": "a@b", "email": "a@b.c", "password": "correct horse"}"#, "username"),
            (#"{"username": "ada", "email": "nobody", "password": "correct horse"}"#, "email"),
            (#"{"username": "ada", "email": "a@b.c", "password": "short"}"#, "password"),
            (#"{"username": "ada", "email": "a@b.c", "password": null}"#, "password"),
            (#"nonsense"#, "body"),
        ])
    func aWrongFieldIsNamed(json: String, field: String) async throws {
        try await Facade().test { client in
            let response = try await client.send(.post, "/api/auth/register", json: json)
            #expect(response.status == .unprocessableContent && response.field == field, "\(response.text)")
        }
    }

    @Test func aTakenNameOrAddressIsRefused() async throws {
        try await Facade().test { client in
            _ = try await Caller.register("ada", at: client)
            for (name, email, field) in [("Ada", "other@b.c", "username"), ("other", "ADA@example.org", "email")] {
                let response = try await client.send(
                    .post, "/api/auth/register",
                    json: #"{"username": "\#(name)", "email": "\#(email)", "password": "correct horse"}"#)
                #expect(response.status == .badRequest && response.code == "taken" && response.field == field)
            }
        }
    }

    @Test func loginTakesNameOrAddressAndRefusesBothMistakesAlike() async throws {
        try await Facade().test { client in
            _ = try await Caller.register("ada", at: client)
            func login(_ name: String, _ password: String) async throws -> TestResponse {
                try await client.send(
                    .post, "/api/auth/login", json: #"{"username_or_email": "\#(name)", "password": "\#(password)"}"#)
            }
            #expect(try await login("ada", "correct horse").status == .ok)
            #expect(try await login("ada@example.org", "correct horse").status == .ok)
            let wrong = try await login("ada", "wrong horse")
            let unknown = try await login("bob", "correct horse")
            #expect(wrong.status == .unauthorized && unknown.status == .unauthorized)
            #expect(wrong.text == unknown.text)
        }
    }

    @Test func tooManyWrongPasswordsOfOneAccountAreRefusedAndOthersAreNot() async throws {
        try await Facade().test { client in
            _ = try await Caller.register("ada", at: client)
            _ = try await Caller.register("bob", at: client)
            func login(_ name: String, _ password: String) async throws -> TestResponse {
                try await client.send(
                    .post, "/api/auth/login", json: #"{"username_or_email": "\#(name)", "password": "\#(password)"}"#)
            }
            for _ in 0..<10 { #expect(try await login("ada", "wrong").status == .unauthorized) }
            let refused = try await login("ada", "correct horse")
            #expect(refused.status == .tooManyRequests && refused.code == "rate_limited")
            #expect(refused.headers[.retryAfter].flatMap { Int($0) }.map { (1...30).contains($0) } == true)
            #expect(try await login("bob", "correct horse").status == .ok)
        }
    }

    @Test func aRefreshTokenWorksOnceAndItsReuseRevokesTheFamily() async throws {
        try await Facade().test { client in
            let ada = try await Caller.register("ada", at: client)
            func refresh(_ token: String) async throws -> TestResponse {
                try await client.send(.post, "/api/auth/refresh", json: #"{"refresh_token": "\#(token)"}"#)
            }
            let first = try await refresh(ada.refreshToken)
            #expect(first.status == .ok)
            let second = try first.decoded(TokensView.self)
            #expect(second.tokenType == "bearer" && second.refreshToken != ada.refreshToken)
            #expect(first.cookies["refresh_token"]?.hasPrefix(second.refreshToken) == true)

            let byCookie = try await client.send(
                .post, "/api/auth/refresh", headers: [.cookie: "refresh_token=\(second.refreshToken)"])
            #expect(byCookie.status == .ok)
            let third = try byCookie.decoded(TokensView.self)

            let reuse = try await refresh(ada.refreshToken)
            #expect(reuse.status == .unauthorized && reuse.code == "refresh_token_invalid")
            #expect(try await refresh(third.refreshToken).status == .unauthorized, "the family lives on")
            #expect(try await client.send(.post, "/api/auth/refresh").code == "refresh_token_missing")
        }
    }

    @Test func logoutClearsTheCookiesAndRevokesTheFamily() async throws {
        try await Facade().test { client in
            let ada = try await Caller.register("ada", at: client)
            let response = try await client.send(
                .post, "/api/auth/logout", headers: [.cookie: "refresh_token=\(ada.refreshToken)"])
            #expect(response.status == .ok)
            #expect(response.cookies["access_token"]?.contains("Max-Age=0") == true)
            let refresh = try await client.send(
                .post, "/api/auth/refresh", json: #"{"refresh_token": "\#(ada.refreshToken)"}"#)
            #expect(refresh.status == .unauthorized)
        }
    }

    @Test func theOperatorsTokenIsALoginAndTheWorkersIsNot() async throws {
        var facade = try Facade()
        let user = try await facade.accounts.createUser(username: "local", email: "l@localhost", passwordHash: "")
        facade.configuration.operatorToken = .init(token: "operator-token", user: user)
        try await facade.test { client in
            let operatorHeaders: HTTPFields = [.authorization: "Bearer operator-token"]
            let me = try await client.send(.get, "/api/users/me", headers: operatorHeaders)
            #expect(try me.decoded(IdentityView.self).user?.username == "local")
            #expect(try await client.send(.get, "/api/users/jobs", headers: operatorHeaders).status == .ok)
            let worker = try await client.send(
                .get, "/api/users/jobs", headers: [.authorization: "Bearer \(Facade.blobPass)"])
            #expect(worker.status == .forbidden)
        }
    }

    @Test func tokensOfOtherSecretsAlgorithmsAndTimesAreRefused() async throws {
        let user = User(id: UserID(1), username: "ada", email: "a@b.c")
        let secret = String(repeating: "s", count: 32)
        let tokens = await AccessTokens(secret: secret, algorithm: .hs256, lifetime: .seconds(60))
        #expect(await tokens.user(of: try await tokens.issue(for: user)) == user)
        let old = try await tokens.issue(for: user, now: Date(timeIntervalSinceNow: -61))
        #expect(await tokens.user(of: old) == nil, "expired")
        let other = await AccessTokens(secret: secret + "!", algorithm: .hs256, lifetime: .seconds(60))
        #expect(await tokens.user(of: try await other.issue(for: user)) == nil, "another secret")
        let longer = await AccessTokens(secret: secret, algorithm: .hs512, lifetime: .seconds(60))
        #expect(await tokens.user(of: try await longer.issue(for: user)) == nil, "another algorithm")
        let parts = try await tokens.issue(for: user).split(separator: ".")
        let none = Data(#"{"alg":"none","typ":"JWT"}"#.utf8).base64EncodedString().replacing("=", with: "")
        #expect(await tokens.user(of: "\(none).\(parts[1]).") == nil, "no algorithm")
        #expect(await tokens.user(of: "\(none).\(parts[1]).\(parts[2])") == nil, "another stated algorithm")
    }

    @Test func passwordsAreHashedWithTheirOwnSaltAndCost() async throws {
        let cheap = PasswordHasher(cost: .init(rounds: 16, blockSize: 8, parallelism: 1))
        let dear = PasswordHasher(cost: .init(rounds: 32, blockSize: 8, parallelism: 2))
        let first = try await cheap.hash("correct horse")
        let second = try await cheap.hash("correct horse")
        #expect(first != second && first.hasPrefix("scrypt$16$8$1$"))
        #expect(try await dear.verify("correct horse", against: first), "an old cost is still valid")
        #expect(try await !dear.verify("wrong horse", against: first))
        #expect(try await !dear.verify("correct horse", against: "garbage"))
    }

    @Test func scryptIsTheOneOfRFC7914() async throws {
        // Section 12, second vector.
        let salt = Data("NaCl".utf8).base64EncodedString()
        let key = try #require(HexCoding.decode("fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"))
        let hasher = PasswordHasher(cost: .init(rounds: 16, blockSize: 8, parallelism: 1))
        let stored = "scrypt$1024$8$16$\(salt)$\(Data(key).base64EncodedString())"
        #expect(try await hasher.verify("password", against: stored))
    }
}
