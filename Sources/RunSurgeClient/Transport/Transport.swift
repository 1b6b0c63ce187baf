import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import RunSurgeCore

/// Sends requests to a master, or to the next one when that does not answer: authorization, errors as `ClientError`, repetition of what is safe to repeat.
struct Transport: Sendable {
    struct Call: Sendable {
        var method: HTTPMethod
        /// Absolute path with its query, percent-encoded.
        var path: String
        var headers: HTTPHeaders = [:]
        /// Made anew for every attempt.
        var body: (@Sendable () throws -> HTTPClientRequest.Body)?
        /// Repeating it does no harm.
        var isIdempotent: Bool
        /// For the answer to a call without a large body; nil: as long as bytes flow.
        var deadline: TimeAmount? = .seconds(60)
        var isAuthorized = true

        init(_ method: HTTPMethod, _ path: String) {
            self.method = method
            self.path = path
            isIdempotent = method != .POST
        }
    }

    /// Never shut down: it lives as long as the process.
    private static let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)

    /// A connection that brings nothing for this long is given up; followers reconnect.
    static let silence = TimeAmount.seconds(120)
    private static let attempts = 5
    /// Of an error's body.
    private static let errorBytes = 64 << 10

    private static var configuration: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(5), read: silence))
        // Repeated here, where it is known what may be repeated.
        configuration.connectionPool.retryConnectionEstablishment = false
        return configuration
    }

    private let addresses: MasterAddresses
    let credentials: Credentials

    /// - Parameter url: one, or several with commas.
    init(url: String, credentials: Credentials) {
        addresses = MasterAddresses(url)
        self.credentials = credentials
    }

    /// Of the master in use.
    var url: String { addresses.current }

    /// - Returns: the answer to a call that was not refused; its body is still to be read.
    /// - Throws: `ClientError`, `CancellationError`
    func send(_ call: Call) async throws -> HTTPClientResponse {
        var attempt = 1
        var passed = 0
        while true {
            let url = url
            do {
                return try await sendAuthorized(call)
            } catch let error as ClientError where error.isForAnotherMaster && passed + 1 < addresses.count {
                addresses.pass(url)
                passed += 1
            } catch let error as ClientError where error.isRetriable && attempt < Self.attempts {
                // Nothing was done yet when the master was not reached or had no place.
                let isUntouched = error.isForAnotherMaster || error.code == "busy"
                guard call.isIdempotent || isUntouched else { throw error }
                if error.kind != .refused { addresses.pass(url) }
                try await Self.pause(beforeAttempt: attempt)
                attempt += 1
                passed = 0
            }
        }
    }

    /// 0.1 s doubled with every attempt, half of it by chance, so that clients don't return all at once.
    static func pause(beforeAttempt attempt: Int) async throws {
        let longest = 0.1 * Double(1 << min(attempt - 1, 6))
        try await Task.sleep(for: .seconds(Double.random(in: longest / 2...longest)))
    }

    private func sendAuthorized(_ call: Call) async throws -> HTTPClientResponse {
        guard call.isAuthorized else { return try await sendOnce(call, token: nil) }
        let token = await credentials.accessToken
        do {
            return try await sendOnce(call, token: token)
        } catch let error as ClientError where error.status == 401 {
            guard let newer = try await credentials.renewed(after: token, using: exchange) else { throw error }
            return try await sendOnce(call, token: newer)
        }
    }

    @Sendable func exchange(refreshToken: String) async throws -> TokensView {
        var call = try Call.json(.POST, "/api/auth/refresh", RefreshRequest(refreshToken: refreshToken))
        call.isAuthorized = false
        return try await decode(try await sendOnce(call, token: nil))
    }

    private func sendOnce(_ call: Call, token: String?) async throws -> HTTPClientResponse {
        let url = url
        guard url.hasPrefix("http://") || url.hasPrefix("https://") else { throw invalidURL }
        var request = HTTPClientRequest(url: url + call.path)
        request.method = call.method
        request.headers = call.headers
        if let token { request.headers.replaceOrAdd(name: "Authorization", value: "Bearer \(token)") }
        request.body = try call.body?()
        let response: HTTPClientResponse
        do {
            let deadline = call.deadline.map { NIODeadline.now() + $0 } ?? .distantFuture
            response = try await Self.http.execute(request, deadline: deadline)
        } catch {
            throw translated(error)
        }
        guard response.status.code >= 400 else { return response }
        let body = try? await response.body.collect(upTo: Self.errorBytes)
        let view = body.flatMap { try? JSONDecoder().decode(ErrorView.self, from: Data($0.readableBytesView)) }
        throw ClientError.refused(status: Int(response.status.code), view: view, url: url)
    }
}

extension Transport.Call {
    static func json(_ method: HTTPMethod, _ path: String, _ value: some Encodable) throws -> Transport.Call {
        let bytes = Array(try JSONEncoder().encode(value))
        var call = Transport.Call(method, path)
        call.headers.add(name: "Content-Type", value: "application/json")
        call.body = { .bytes(ByteBuffer(bytes: bytes)) }
        return call
    }
}

extension Transport {
    /// Of one JSON answer.
    private static let answerBytes = 64 << 20

    func json<Value: Decodable>(_ call: Call, as type: Value.Type = Value.self) async throws -> Value {
        try await decode(try await send(call))
    }

    func bytes(_ call: Call) async throws -> [UInt8] {
        let response = try await send(call)
        do {
            return Array(try await response.body.collect(upTo: Self.answerBytes).readableBytesView)
        } catch {
            throw translated(error)
        }
    }

    func decode<Value: Decodable>(_ response: HTTPClientResponse) async throws -> Value {
        let bytes: ByteBuffer
        do {
            bytes = try await response.body.collect(upTo: Self.answerBytes)
        } catch {
            throw translated(error)
        }
        do {
            return try JSONDecoder().decode(Value.self, from: Data(bytes.readableBytesView))
        } catch {
            throw ClientError.unexpected("The answer of \(url) can't be read; is the master of another version?")
        }
    }
}
