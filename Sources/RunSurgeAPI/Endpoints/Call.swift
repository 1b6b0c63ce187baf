import Foundation
import Hummingbird
import NIOCore
import RunSurgeCore

/// A request whose caller may make it and whose parameters are as its endpoint says.
struct Call: Sendable {
    let request: Request
    let context: APIRequestContext
    private let endpoint: Endpoint
    private let values: [String: JSONValue]

    init(request: Request, context: APIRequestContext, endpoint: Endpoint, values: [String: JSONValue]) {
        self.request = request
        self.context = context
        self.endpoint = endpoint
        self.values = values
    }

    subscript<Value>(_ parameter: Parameter<Value>) -> Value {
        guard let value = parameter.read(values[parameter.description.name]) else {
            preconditionFailure("\(endpoint.path) does not describe its parameter \(parameter.description.name)")
        }
        return value
    }

    /// The caller's address without the port; "unknown" where there is none.
    func address(isBehindProxy: Bool) -> String { context.address(of: request, isBehindProxy: isBehindProxy) }

    func client(isBehindProxy: Bool) -> ClientDescription {
        ClientDescription(
            address: address(isBehindProxy: isBehindProxy), userAgent: request.headers[.userAgent])
    }

    /// The body that the endpoint describes.
    /// - Throws: 413 for a long one; 422 naming the field for one that is not as described.
    func body<Value: Decodable>(_ type: Value.Type) async throws -> Value {
        guard let value = try await optionalBody(type) else {
            throw APIError.invalid("body", "The body is missing; send JSON.")
        }
        return value
    }

    /// nil: there is none.
    func optionalBody<Value: Decodable>(_ type: Value.Type) async throws -> Value? {
        guard case .json(let body) = endpoint.body, body.type == type else {
            preconditionFailure("\(endpoint.path) does not describe a body of \(type)")
        }
        let buffer: ByteBuffer
        do {
            buffer = try await request.body.collect(upTo: Limits.jsonBodyBytes)
        } catch is NIOTooManyBytesError {
            throw APIError.tooLarge("The body is larger than \(Limits.jsonBodyBytes) bytes.")
        }
        guard buffer.readableBytes > 0 else { return nil }
        let bytes = Array(buffer.readableBytesView)
        try body.schema.check(try JSONBody.decode(JSONValue.self, from: bytes, field: "body"), at: [])
        return try JSONBody.decode(type, from: bytes, field: "body")
    }
}
