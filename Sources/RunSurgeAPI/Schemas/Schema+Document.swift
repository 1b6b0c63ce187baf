/// The schemas that a document names, collected while it is written.
struct SchemaComponents {
    private(set) var schemas: [String: JSONValue] = [:]

    /// A reference to a component, which is added when it is new.
    fileprivate mutating func reference(_ name: String, _ schema: JSONValue) -> JSONValue {
        precondition(schemas[name] == nil || schemas[name] == schema, "two schemas are called \(name)")
        schemas[name] = schema
        return ["$ref": "#/components/schemas/\(name)"]
    }
}

extension Schema {
    /// As JSON Schema 2020-12 has it.
    func document(in components: inout SchemaComponents) -> JSONValue {
        switch self {
        case .anything: return [:]
        case .boolean: return ["type": "boolean"]
        case .integer(let range): return Self.integer(range)
        case .number(let range): return Self.number(range)
        case .text(let rule): return rule.document
        case .choice(let choice):
            let schema: JSONValue = ["type": "string", "enum": .array(choice.values.map { .text($0) })]
            return choice.name.map { components.reference($0, schema) } ?? schema
        case .embedded(let schema):
            return [
                "type": "string", "contentMediaType": "application/json",
                "contentSchema": schema.document(in: &components),
            ]
        case .bytes: return ["type": "string", "format": "binary", "contentMediaType": "application/octet-stream"]
        case .array(let element, let count):
            var members: [String: JSONValue] = ["type": "array", "items": element.document(in: &components)]
            if count.lowerBound > 0 { members["minItems"] = .integer(Int64(count.lowerBound)) }
            if count.upperBound < .max { members["maxItems"] = .integer(Int64(count.upperBound)) }
            return .object(members)
        case .dictionary(let value):
            return ["type": "object", "additionalProperties": value.document(in: &components)]
        case .object(let object):
            let schema = object.document(in: &components)
            return components.reference(object.name, schema)
        case .optional(let schema): return Self.nullable(schema.document(in: &components))
        case .either(let schemas): return ["anyOf": .array(schemas.map { $0.document(in: &components) })]
        }
    }

    private static func integer(_ range: ClosedRange<Int64>) -> JSONValue {
        let isShort = range.lowerBound >= Int64(Int32.min) && range.upperBound <= Int64(Int32.max)
        var members: [String: JSONValue] = ["type": "integer", "format": isShort ? "int32" : "int64"]
        let bounds = isShort ? Int64(Int32.min)...Int64(Int32.max) : Int64.min...Int64.max
        if range.lowerBound > bounds.lowerBound { members["minimum"] = .integer(range.lowerBound) }
        if range.upperBound < bounds.upperBound { members["maximum"] = .integer(range.upperBound) }
        return .object(members)
    }

    private static func number(_ range: ClosedRange<Double>) -> JSONValue {
        var members: [String: JSONValue] = ["type": "number", "format": "double"]
        if range.lowerBound > -Double.greatestFiniteMagnitude { members["minimum"] = .number(range.lowerBound) }
        if range.upperBound < Double.greatestFiniteMagnitude { members["maximum"] = .number(range.upperBound) }
        return .object(members)
    }

    private static func nullable(_ schema: JSONValue) -> JSONValue {
        guard case .object(var members) = schema, case .text(let type) = members["type"], members["enum"] == nil else {
            return ["anyOf": [schema, ["type": "null"]]]
        }
        members["type"] = [.text(type), "null"]
        return .object(members)
    }
}

extension TextRule {
    fileprivate var document: JSONValue {
        var members: [String: JSONValue] = ["type": "string"]
        if length.lowerBound > 0 { members["minLength"] = .integer(Int64(length.lowerBound)) }
        if length.upperBound < .max { members["maxLength"] = .integer(Int64(length.upperBound)) }
        if let pattern { members["pattern"] = "^\(pattern)$" }
        if let format { members["format"] = .text(format) }
        return .object(members)
    }
}

extension ObjectSchema {
    fileprivate func document(in components: inout SchemaComponents) -> JSONValue {
        var properties: [String: JSONValue] = [:]
        for field in fields {
            var schema = field.schema.document(in: &components)
            if let note = field.note, case .object(var members) = schema {
                members["description"] = .text(note)
                schema = .object(members)
            }
            properties[field.name] = schema
        }
        var members: [String: JSONValue] = ["type": "object", "properties": .object(properties)]
        let required = fields.filter(\.isRequired).map { JSONValue.text($0.name) }
        if !required.isEmpty { members["required"] = .array(required) }
        if !isOpen { members["additionalProperties"] = false }
        return .object(members)
    }
}
