import Hummingbird
import RunSurgeCore

/// OpenAPI 3.1 of the routes, made from the descriptions that serve them.
struct OpenAPIDocument {
    private var components = SchemaComponents()
    private var paths: [String: JSONValue] = [:]

    init(of endpoints: [Endpoint]) {
        var operations: [String: [String: JSONValue]] = [:]
        for endpoint in endpoints {
            operations[endpoint.path, default: [:]][endpoint.method.rawValue.lowercased()] =
                endpoint.operation(in: &components)
        }
        paths = operations.mapValues { .object($0) }
    }

    var json: JSONValue {
        [
            "openapi": "3.1.0",
            "info": [
                "title": "RunSurge", "version": "1",
                "description": "Runs Python scripts on many machines as if they ran on one.",
                "license": ["name": "MIT", "identifier": "MIT"],
            ],
            "servers": [["url": "/"]],
            "tags": .array(EndpointTag.allCases.map { ["name": .text($0.rawValue), "description": .text($0.note)] }),
            "paths": .object(paths),
            "components": [
                "schemas": .object(components.schemas),
                "securitySchemes": [
                    "bearer": ["type": "http", "scheme": "bearer", "bearerFormat": "JWT"],
                    "cookie": ["type": "apiKey", "in": "cookie", "name": .text(SessionCookies.accessName)],
                ],
            ],
        ]
    }
}

extension Endpoint {
    fileprivate func operation(in components: inout SchemaComponents) -> JSONValue {
        var members: [String: JSONValue] = [
            "operationId": .text(id), "tags": [.text(tag.rawValue)], "summary": .text(summary),
            "security": security, "responses": responses(in: &components),
        ]
        if !parameters.isEmpty { members["parameters"] = .array(parameters.map { $0.document(in: &components) }) }
        if let body = body.document(in: &components) { members["requestBody"] = body }
        return .object(members)
    }

    private var security: JSONValue {
        switch handler {
        case .anyone: []
        case .user, .login, .userOrWorker: [["bearer": []], ["cookie": []]]
        }
    }

    private func responses(in components: inout SchemaComponents) -> JSONValue {
        var responses: [String: JSONValue] = [:]
        for answer in answers { responses["\(answer.status.code)"] = answer.document(in: &components) }
        for (status, refusals) in Dictionary(grouping: allRefusals, by: \.status) {
            precondition(
                responses["\(status.code)"] == nil, "\(method) \(path) answers and refuses with \(status.code)")
            responses["\(status.code)"] = Refusal.document(of: refusals, in: &components)
        }
        return .object(responses)
    }
}

extension ParameterDescription {
    fileprivate func document(in components: inout SchemaComponents) -> JSONValue {
        var schema = self.schema.document(in: &components)
        if let fallback, case .object(var members) = schema {
            members["default"] = fallback
            schema = .object(members)
        }
        let place =
            switch place {
            case .path, .rest: "path"
            case .query: "query"
            case .header: "header"
            }
        return [
            "name": .text(name), "in": .text(place), "required": .boolean(isRequired), "description": .text(note),
            "schema": schema,
        ]
    }
}

extension RequestBodyDescription {
    /// nil: there is none.
    fileprivate func document(in components: inout SchemaComponents) -> JSONValue? {
        switch self {
        case .none: nil
        case .json(let body):
            [
                "required": .boolean(body.isRequired),
                "content": ["application/json": ["schema": body.schema.document(in: &components)]],
            ]
        case .form(let schema):
            ["required": true, "content": ["multipart/form-data": ["schema": schema.document(in: &components)]]]
        case .bytes(let note):
            [
                "required": true, "description": .text(note),
                "content": ["application/octet-stream": ["schema": Schema.bytes.document(in: &components)]],
            ]
        }
    }
}

extension Answer {
    fileprivate func document(in components: inout SchemaComponents) -> JSONValue {
        var members: [String: JSONValue] = ["description": .text(note)]
        switch content {
        case .none: break
        case .json(let schema):
            members["content"] = ["application/json": ["schema": schema.document(in: &components)]]
        case .media(let types):
            let schema = Schema.bytes.document(in: &components)
            members["content"] = .object(
                Dictionary(types.map { ($0, ["schema": schema] as JSONValue) }) { first, _ in first })
        case .events:
            // Of each of them, as its lines say.
            let text: JSONValue = ["type": "string"]
            members["content"] = [
                "text/event-stream": [
                    "schema": ["type": "object", "properties": ["id": text, "event": text, "data": text]]
                ]
            ]
        }
        if !headers.isEmpty { members["headers"] = Self.document(ofHeaders: headers) }
        return .object(members)
    }

    fileprivate static func document(ofHeaders headers: [String: String]) -> JSONValue {
        .object(headers.mapValues { ["description": .text($0), "schema": ["type": "string"]] })
    }
}

extension Refusal {
    /// Of all that have one status.
    fileprivate static func document(of refusals: [Refusal], in components: inout SchemaComponents) -> JSONValue {
        let codes = Set(refusals.map(\.code)).sorted()
        let error = Schema.of(ErrorView.self).document(in: &components)
        let schema: JSONValue = [
            "allOf": [error, ["properties": ["code": ["enum": .array(codes.map { .text($0) })]]]]
        ]
        let notes = refusals.map { "\($0.code): \($0.note)" }
        var members: [String: JSONValue] = [
            "description": .text(notes.joined(separator: "\n\n")),
            "content": ["application/json": ["schema": schema]],
        ]
        switch refusals.first?.status {
        case .unauthorized: members["headers"] = Answer.document(ofHeaders: ["WWW-Authenticate": "Bearer"])
        case .serviceUnavailable, .tooManyRequests:
            members["headers"] = Answer.document(
                ofHeaders: ["Retry-After": "Seconds after which the same may succeed; not always there."])
        default: break
        }
        return .object(members)
    }
}
