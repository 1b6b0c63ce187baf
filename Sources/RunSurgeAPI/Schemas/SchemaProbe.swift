/// Finds out what a type's coding is made of by letting it decode from nothing, so that a schema can't drift from the
/// type that it describes.
enum SchemaProbe {
    enum Failure: Error {
        /// The type decodes in a way that can't be followed.
        case opaque(String)
    }

    /// The schema of a type, and a value that stands in for one where it is a part of another type.
    static func sample<Value: Decodable>(of type: Value.Type) throws -> (schema: Schema, value: Value) {
        if let known = type as? any SampledType.Type {
            guard let value = known.sample as? Value else { throw Failure.opaque("\(type)") }
            return (known.schema, value)
        }
        let recorder = Recorder()
        let value = try Value(from: ProbingDecoder(recorder: recorder))
        return (try recorder.schema(of: type), value)
    }

    /// `RunSurgeCore.SubmissionView.File` is called SubmissionFile in the document.
    static func componentName(of type: Any.Type) -> String {
        String(reflecting: type).split(separator: ".").dropFirst()
            .map { $0.hasSuffix("View") ? String($0.dropLast(4)) : String($0) }.joined()
    }
}

extension Schema {
    /// What JSON of a type looks like, with what is noted about its fields.
    static func of<Value: Decodable>(_ type: Value.Type) -> Schema {
        do {
            return try SchemaProbe.sample(of: type).schema
        } catch {
            preconditionFailure("\(type) can't be described: \(error)")
        }
    }
}

/// What was asked for while one value was decoded.
private final class Recorder {
    enum Shape {
        case unknown, object, dictionary
        case value(Schema)
    }

    var shape = Shape.unknown
    var fields: [ObjectSchema.Field] = []
    var optionals: Set<String> = []

    func schema(of type: Any.Type) throws -> Schema {
        switch shape {
        case .unknown: throw SchemaProbe.Failure.opaque("\(type)")
        case .value(let schema): return schema
        case .dictionary:
            guard let value = fields.first?.schema else { throw SchemaProbe.Failure.opaque("\(type)") }
            return .dictionary(value)
        case .object:
            let notes = (type as? any NotedFields.Type)?.fieldNotes ?? [:]
            let unknown = Set(notes.keys).subtracting(fields.map(\.name))
            guard unknown.isEmpty else { throw SchemaProbe.Failure.opaque("\(type) has no \(unknown)") }
            return .object(
                ObjectSchema(
                    name: SchemaProbe.componentName(of: type),
                    fields: fields.map { field in
                        let isOptional = optionals.contains(field.name)
                        let note = notes[field.name]
                        let schema = note?.schema ?? field.schema
                        return ObjectSchema.Field(
                            name: field.name, schema: isOptional ? .optional(schema) : schema,
                            isRequired: !isOptional, note: note?.text)
                    }))
        }
    }

    func add<Value: Decodable>(_ name: String, _ type: Value.Type) throws -> Value {
        let (schema, value) = try SchemaProbe.sample(of: type)
        fields.append(ObjectSchema.Field(name: name, schema: schema, isRequired: true))
        return value
    }
}

private struct ProbingDecoder: Decoder {
    let recorder: Recorder
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        recorder.shape = .object
        return KeyedDecodingContainer(ProbingFields<Key>(recorder: recorder))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { ProbingList(recorder: recorder) }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { ProbingValue(recorder: recorder) }
}

private struct ProbingFields<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let recorder: Recorder
    var codingPath: [any CodingKey] { [] }

    /// Only who decodes a dictionary asks.
    var allKeys: [Key] {
        recorder.shape = .dictionary
        return [Key(stringValue: "name")].compactMap { $0 }
    }

    func contains(_ key: Key) -> Bool { true }

    /// Only who can do without the field asks.
    func decodeNil(forKey key: Key) -> Bool {
        recorder.optionals.insert(key.stringValue)
        return false
    }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        try recorder.add(key.stringValue, type)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> { throw SchemaProbe.Failure.opaque(key.stringValue) }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        throw SchemaProbe.Failure.opaque(key.stringValue)
    }

    func superDecoder() throws -> any Decoder { throw SchemaProbe.Failure.opaque("super") }
    func superDecoder(forKey key: Key) throws -> any Decoder { throw SchemaProbe.Failure.opaque(key.stringValue) }
}

/// A list of one element.
private struct ProbingList: UnkeyedDecodingContainer {
    let recorder: Recorder
    var codingPath: [any CodingKey] { [] }
    var count: Int? { 1 }
    var isAtEnd: Bool { currentIndex > 0 }
    var currentIndex = 0

    init(recorder: Recorder) { self.recorder = recorder }

    func decodeNil() -> Bool { false }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        currentIndex += 1
        let (schema, value) = try SchemaProbe.sample(of: type)
        recorder.shape = .value(.array(schema, count: 0...Int.max))
        return value
    }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) throws -> KeyedDecodingContainer<Nested> {
        throw SchemaProbe.Failure.opaque("a list")
    }

    func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { throw SchemaProbe.Failure.opaque("a list") }
    func superDecoder() throws -> any Decoder { throw SchemaProbe.Failure.opaque("a list") }
}

private struct ProbingValue: SingleValueDecodingContainer {
    let recorder: Recorder
    var codingPath: [any CodingKey] { [] }

    func decodeNil() -> Bool { false }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        let (schema, value) = try SchemaProbe.sample(of: type)
        recorder.shape = .value(schema)
        return value
    }
}
