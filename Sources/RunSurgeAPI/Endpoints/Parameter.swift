import HTTPTypes
import Hummingbird
import RunSurgeCore

/// A parameter with the Swift type that its handler reads it as.
struct Parameter<Value: Sendable>: Sendable {
    let description: ParameterDescription
    /// nil: what was sent is not what the description says, which is our own mistake.
    let read: @Sendable (JSONValue?) -> Value?
}

/// A value in the path, the query or a header.
struct ParameterDescription: Sendable {
    enum Place: Sendable {
        case path
        /// The rest of the path, slashes included.
        case rest
        case query, header
    }

    let name: String
    let place: Place
    let schema: Schema
    let note: String
    /// Taken when it is not sent.
    var fallback: JSONValue?
    /// What is answered to a value that does not fit; nil: 422 naming the parameter.
    var refusal: APIError?

    var isRequired: Bool { place == .path || place == .rest }

    /// - Throws: 422 naming the parameter when its text is not one.
    func text(
        in request: Request, _ context: APIRequestContext, _ query: QueryText
    ) throws(APIError) -> String? {
        switch place {
        case .path: return try context.parameters.get(name).map(decoded)
        case .rest: return try decoded(context.parameters.getCatchAll().joined(separator: "/"))
        case .query: return try query.value(name)
        case .header: return HTTPField.Name(name).flatMap { request.headers[$0] }
        }
    }

    private func decoded(_ text: String) throws(APIError) -> String {
        guard let plain = PercentCode.decode(text.utf8) else {
            throw refusal ?? .invalid(name, "\(name) is not UTF-8 with percent codes.")
        }
        return plain
    }

    /// - Throws: 422 naming the parameter, or its own refusal.
    func value(sent text: String?) throws(APIError) -> JSONValue? {
        guard let text else { return fallback }
        let value = schema.value(of: text)
        do throws(APIError) {
            try schema.check(value, at: [name])
        } catch {
            throw refusal ?? error
        }
        return value
    }
}

extension Schema {
    /// What a text of a query or a form means; a text again when it is not of the right type.
    func value(of text: String) -> JSONValue {
        switch self {
        case .boolean where text == "true": true
        case .boolean where text == "false": false
        case .integer: Int64(text).flatMap { String($0) == text ? .integer($0) : nil } ?? .text(text)
        case .number: Double(text).map { .number($0) } ?? .text(text)
        default: .text(text)
        }
    }
}

extension JSONValue {
    var wholeNumber: Int64? { if case .integer(let number) = self { number } else { nil } }
    var amount: Double? {
        switch self {
        case .number(let number): number
        case .integer(let number): Double(number)
        case .null, .boolean, .text, .array, .object: nil
        }
    }
    var flag: Bool? { if case .boolean(let flag) = self { flag } else { nil } }
    var string: String? { if case .text(let text) = self { text } else { nil } }
}

extension Parameter {
    /// The number of something in the path.
    /// - Parameter refusal: to what is no such number.
    static func identifier<Entity>(
        _ name: String, _ note: String, refusal: APIError? = nil
    ) -> Parameter where Value == Identifier<Entity> {
        Parameter(
            description: ParameterDescription(
                name: name, place: .path, schema: .identifier, note: note, refusal: refusal)
        ) { $0?.wholeNumber.map { Value($0) } }
    }
}

extension Parameter<Int64> {
    static func integer(
        _ name: String, in range: ClosedRange<Int64>, default fallback: Int64, _ note: String
    ) -> Parameter {
        Parameter(
            description: ParameterDescription(
                name: name, place: .query, schema: .integer(range), note: note, fallback: .integer(fallback))
        ) { $0?.wholeNumber }
    }
}

extension Parameter<Int64?> {
    static func optionalInteger(_ name: String, in range: ClosedRange<Int64>, _ note: String) -> Parameter {
        Parameter(
            description: ParameterDescription(name: name, place: .query, schema: .integer(range), note: note)
        ) { .some($0?.wholeNumber) }
    }
}

extension Parameter<Bool> {
    static func flag(_ name: String, _ note: String) -> Parameter {
        Parameter(
            description: ParameterDescription(
                name: name, place: .query, schema: .boolean, note: note, fallback: false)
        ) { $0?.flag }
    }
}

extension Parameter<LogStream> {
    static func logStream(_ name: String, _ note: String) -> Parameter {
        let streams: [String: LogStream] = ["stdout": .standardOutput, "stderr": .standardError]
        return Parameter(
            description: ParameterDescription(
                name: name, place: .query, schema: .choice(["stdout", "stderr"]), note: note, fallback: "stdout")
        ) { $0?.string.flatMap { streams[$0] } }
    }
}

extension Parameter<String> {
    static func text(
        _ name: String, in place: ParameterDescription.Place, _ schema: Schema, default fallback: JSONValue? = nil,
        _ note: String
    ) -> Parameter {
        Parameter(
            description: ParameterDescription(
                name: name, place: place, schema: schema, note: note, fallback: fallback)
        ) { $0?.string }
    }
}

extension Parameter<String?> {
    static func optionalText(
        _ name: String, in place: ParameterDescription.Place, _ schema: Schema, _ note: String
    ) -> Parameter {
        Parameter(
            description: ParameterDescription(name: name, place: place, schema: schema, note: note)
        ) { .some($0?.string) }
    }
}
