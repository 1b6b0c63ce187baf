/// What a value must be like. The document shows it, and what comes in is checked by it.
indirect enum Schema: Sendable, Equatable {
    case anything
    case boolean
    case integer(ClosedRange<Int64>)
    /// Finite.
    case number(ClosedRange<Double>)
    case text(TextRule)
    case choice(Choice)
    /// Text that is JSON itself; whoever reads it checks what is in it.
    case embedded(Schema)
    /// A file of a form.
    case bytes
    case array(Schema, count: ClosedRange<Int>)
    /// Values by names that are not known ahead.
    case dictionary(Schema)
    case object(ObjectSchema)
    /// Of a value, or null.
    case optional(Schema)
    case either([Schema])

    static func text(_ length: ClosedRange<Int> = TextRule.anyLength, pattern: String? = nil, format: String? = nil)
        -> Schema
    {
        .text(TextRule(length: length, pattern: pattern, format: format))
    }

    /// Without U+0000, which the database can't hold.
    static func plain(_ length: ClosedRange<Int> = TextRule.anyLength) -> Schema {
        .text(length, pattern: #"[^\u0000]*"#)
    }

    static func choice(_ values: [String]) -> Schema { .choice(Choice(name: nil, values: values)) }

    /// ISO 8601 in UTC.
    static let moment = Schema.text(format: "date-time")
    /// Names a blob.
    static let sha256 = Schema.text(64...64, pattern: "[0-9a-f]{64}")
    /// Of the database.
    static let identifier = Schema.integer(1...Int64.max)
    static let bytesCount = Schema.integer(0...Int64.max)
}

/// What a text must be like.
struct TextRule: Sendable, Equatable {
    static let anyLength = 0...Int.max

    /// Unicode scalars.
    var length = anyLength
    /// Of the whole text, without anchors, and without alternatives outside of parentheses. Written so that ECMAScript,
    /// Python and Swift understand the same.
    var pattern: String?
    /// Of JSON Schema; not checked.
    var format: String?
}

/// One of a few texts.
struct Choice: Sendable, Equatable {
    /// Of its component in the document; nil: shown in place.
    let name: String?
    let values: [String]
}

/// The fields of a JSON object or of a form.
struct ObjectSchema: Sendable, Equatable {
    struct Field: Sendable, Equatable {
        let name: String
        var schema: Schema
        let isRequired: Bool
        var note: String?
    }

    /// Of its component in the document.
    let name: String
    var fields: [Field]
    /// Whether fields beside these are no mistake; they are ignored.
    var isOpen = true
}

extension Schema {
    /// The same, with every field that is not named here a mistake.
    var closed: Schema {
        switch self {
        case .object(var object):
            object.isOpen = false
            for index in object.fields.indices { object.fields[index].schema = object.fields[index].schema.closed }
            return .object(object)
        case .array(let element, let count): return .array(element.closed, count: count)
        case .dictionary(let value): return .dictionary(value.closed)
        case .optional(let schema): return .optional(schema.closed)
        case .either(let schemas): return .either(schemas.map(\.closed))
        case .anything, .boolean, .integer, .number, .text, .choice, .embedded, .bytes: return self
        }
    }
}
