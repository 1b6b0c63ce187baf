extension Schema {
    /// - Parameter path: of the value in what was sent; empty: the whole body.
    /// - Throws: 422 naming the field that does not fit.
    func check(_ value: JSONValue, at path: [String]) throws(APIError) {
        switch (self, value) {
        case (.anything, _), (.bytes, _), (.boolean, .boolean), (.embedded, .text): return
        case (.optional, .null): return
        case (.optional(let schema), _): try schema.check(value, at: path)
        case (.integer(let range), .integer(let number)) where range.contains(number): return
        case (.number(let range), .number(let number)) where range.contains(number): return
        case (.number(let range), .integer(let number)) where range.contains(Double(number)): return
        case (.text(let rule), .text(let text)) where rule.admits(text): return
        case (.choice(let choice), .text(let text)) where choice.values.contains(text): return
        case (.array(let element, let count), .array(let values)) where count.contains(values.count):
            for (index, value) in values.enumerated() { try element.check(value, at: path + ["\(index)"]) }
        case (.dictionary(let schema), .object(let members)):
            for (name, value) in members { try schema.check(value, at: path + [name]) }
        case (.object(let object), .object(let members)): try object.check(members, at: path)
        case (.either(let schemas), _):
            let fits = schemas.contains { schema in
                do throws(APIError) { try schema.check(value, at: path) } catch { return false }
                return true
            }
            if !fits { throw refusal(at: path) }
        case (_, .null):
            throw .invalid(Self.name(of: path), "The field \(Self.name(of: path)) may not be null.")
        default: throw refusal(at: path)
        }
    }

    private func refusal(at path: [String]) -> APIError {
        let name = Self.name(of: path)
        return .invalid(name, "The field \(name) must be \(wanted).")
    }

    fileprivate static func name(of path: [String]) -> String {
        path.isEmpty ? "body" : path.joined(separator: ".")
    }

    /// What is expected, to end a sentence with.
    private var wanted: String {
        switch self {
        case .anything: "something"
        case .boolean: "true or false"
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .number(let range): "a number from \(range.lowerBound) to \(range.upperBound)"
        case .text(let rule): rule.wanted
        case .embedded: "text that is JSON"
        case .choice(let choice): choice.values.joined(separator: " or ")
        case .bytes: "a file"
        case .array(_, let count): count.upperBound == .max ? "a list" : "a list of up to \(count.upperBound) values"
        case .dictionary, .object: "an object"
        case .optional(let schema): "null or \(schema.wanted)"
        case .either(let schemas): schemas.map(\.wanted).joined(separator: ", or ")
        }
    }
}

extension ObjectSchema {
    fileprivate func check(_ members: [String: JSONValue], at path: [String]) throws(APIError) {
        for field in fields {
            let path = path + [field.name]
            guard let value = members[field.name] else {
                guard field.isRequired else { continue }
                throw .invalid(Schema.name(of: path), "The field \(Schema.name(of: path)) is missing.")
            }
            try field.schema.check(value, at: path)
        }
        guard !isOpen else { return }
        let known = Set(fields.map(\.name))
        if let unknown = members.keys.filter({ !known.contains($0) }).min() {
            let name = Schema.name(of: path + [unknown])
            throw .invalid(name, "There is no field \(name).")
        }
    }
}

extension TextRule {
    func admits(_ text: String) -> Bool {
        guard length.contains(text.unicodeScalars.count) else { return false }
        guard let pattern else { return true }
        return Self.expression(pattern).map { text.wholeMatch(of: $0) != nil } ?? false
    }

    /// nil: the pattern is none, which the tests of the descriptions find.
    static func expression(_ pattern: String) -> Regex<AnyRegexOutput>? {
        try? Regex(pattern).matchingSemantics(.unicodeScalar)
    }

    fileprivate var wanted: String {
        let length =
            switch (self.length.lowerBound, self.length.upperBound) {
            case (0, .max): "text"
            case (let least, .max): "text of at least \(least) characters"
            case (let least, let most) where least == most: "text of \(least) characters"
            case (let least, let most): "text of \(least) to \(most) characters"
            }
        guard let pattern else { return length }
        return "\(length) like \(pattern)"
    }
}
