/// What there is to know about the fields of a type beyond their Swift types.
protocol NotedFields {
    /// By the name in JSON. A note on a field that is not there is refused at start.
    static var fieldNotes: [String: FieldNote] { get }
}

struct FieldNote: Sendable {
    /// Narrower than that of the Swift type; nil: no bounds.
    var schema: Schema?
    /// For people.
    var text: String?

    static func rule(_ schema: Schema, _ text: String? = nil) -> FieldNote { FieldNote(schema: schema, text: text) }
    static func says(_ text: String) -> FieldNote { FieldNote(text: text) }
    static let moment = FieldNote(schema: .moment)
    static let bytes = FieldNote(schema: .bytesCount, text: "Bytes.")
}
