import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import RunSurgeCore

/// JSON in and out of a route.
enum JSONBody {
    static func response(
        _ value: some Encodable, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
    ) throws -> Response {
        response(bytes: try encode(value), status: status, headers: headers)
    }

    static func encode(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(value)
    }

    /// What is JSON already.
    static func response(
        bytes: some Sequence<UInt8>, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
    ) -> Response {
        response(buffer: ByteBuffer(bytes: bytes), status: status, headers: headers)
    }

    /// What is JSON already.
    static func response(
        buffer: ByteBuffer, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
    ) -> Response {
        var headers = headers
        headers[.contentType] = "application/json; charset=utf-8"
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: buffer))
    }

    /// - Parameter field: what the whole text is called in an error.
    static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8], field: String) throws -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch let error as DecodingError {
            throw refusal(for: error, field: field)
        }
    }

    private static func refusal(for error: DecodingError, field: String) -> APIError {
        func name(_ path: [any CodingKey]) -> String {
            path.isEmpty ? field : path.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
        }
        switch error {
        case .keyNotFound(let key, let context):
            let name = name(context.codingPath + [key])
            return .invalid(name, "The field \(name) is missing.")
        case .valueNotFound(_, let context):
            let name = name(context.codingPath)
            return .invalid(name, "The field \(name) may not be null.")
        case .typeMismatch(let type, let context):
            let name = name(context.codingPath)
            return .invalid(name, "The field \(name) is not of the right type (\(type)).")
        case .dataCorrupted(let context):
            let name = name(context.codingPath)
            return .invalid(name, "The field \(name) is not valid JSON or is out of range.")
        @unknown default:
            return .invalid(field, "The \(field) can't be read.")
        }
    }
}
