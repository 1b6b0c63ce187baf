import HTTPTypes
import Hummingbird
import NIOCore
import RunSurgeCore

/// Answers of routes whose effect happens once for every Idempotency-Key, however often the request comes.
struct IdempotentAnswers: Sendable {
    /// Of every such route.
    static let parameter = key.description
    /// Of every such route.
    static let refusal = Refusal(
        .conflict, "idempotency_key_reused", "The Idempotency-Key was used for another request.")

    private static let key = Parameter.optionalText(
        "Idempotency-Key", in: .header, .text(1...Limits.idempotencyKeyBytes, pattern: "[!-~]+"),
        "Chosen by the client: the same request again within a day has no further effect, and the same answer.")

    /// nil: only the effect itself looks for earlier answers.
    let store: (any IdempotencyStore)?

    /// - Parameters:
    ///   - digest: of what the request says beyond its path.
    ///   - prepare: the work before the effect, which a repetition is spared.
    ///   - view: the answer's body, sent and stored; no secret belongs in it.
    ///   - effect: a store method with its `idempotency`.
    /// - Throws: 409 when the key was used for another request; what the closures throw.
    func response<Prepared: Sendable, Value: Sendable, View: Encodable & Sendable>(
        to call: Call, of owner: UserID, digest: RequestDigest, status: HTTPResponse.Status = .ok,
        headers: (Value) -> HTTPFields = { _ in [:] }, prepare: () async throws -> Prepared,
        view: @escaping @Sendable (Value, Prepared) throws -> View,
        effect: (Idempotency<Value>?, Prepared) async throws -> Once<Value>
    ) async throws -> Response {
        let key = call[Self.key].map { IdempotencyKey(owner: owner, key: $0, call: call, digest: digest) }
        do {
            if let key, let known = try await store?.answer(of: key) { return Self.response(known) }
            let prepared = try await prepare()
            let idempotency = key.map { key in
                Idempotency<Value>(key) { value in
                    StoredAnswer(status: status.code, body: Array(try JSONBody.encode(view(value, prepared))))
                }
            }
            switch try await effect(idempotency, prepared) {
            case .performed(let value):
                return try JSONBody.response(try view(value, prepared), status: status, headers: headers(value))
            case .replayed(let known): return Self.response(known)
            }
        } catch StoreError.conflict(field: "idempotency_key") {
            throw APIError(
                .conflict, "idempotency_key_reused",
                "This Idempotency-Key was used for another request; choose a new one for each.")
        }
    }

    /// Of an effect that nothing is prepared for.
    func response<Value: Sendable, View: Encodable & Sendable>(
        to call: Call, of owner: UserID, digest: RequestDigest, status: HTTPResponse.Status = .ok,
        view: @escaping @Sendable (Value) throws -> View, effect: (Idempotency<Value>?) async throws -> Once<Value>
    ) async throws -> Response {
        try await response(
            to: call, of: owner, digest: digest, status: status, prepare: {}, view: { value, _ in try view(value) },
            effect: { idempotency, _ in try await effect(idempotency) })
    }

    private static func response(_ answer: StoredAnswer) -> Response {
        JSONBody.response(bytes: answer.body, status: HTTPResponse.Status(code: answer.status))
    }
}

extension IdempotencyKey {
    fileprivate init(owner: UserID, key: String, call: Call, digest: RequestDigest) {
        let path = call.request.uri.path
        // With and without a slash at its end it is the same route.
        let route = path.hasSuffix("/") ? path.dropLast() : Substring(path)
        self.init(owner: owner, key: key, operation: "\(call.request.method) \(route)", digest: digest.bytes)
    }
}
