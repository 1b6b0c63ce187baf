import RunSurgeCore

/// The two forms in which a job is submitted.
enum SubmissionForm {
    static let schema = Schema.either([.object(simple), .object(exact)])
    static let specification = Schema.of(SubmissionView.self).closed

    /// A script that runs in a folder of its own.
    static let simple = ObjectSchema(
        name: "SimpleSubmission",
        fields: [
            field(
                "script", .bytes, isRequired: true, "The script; its file name is a path below the working directory."),
            field("input", .array(.bytes, count: 0...Limits.inputFiles), "Files beside it, each with its path."),
            field("stdin", .bytes, "The script's standard input."),
            field("name", .plain(1...Limits.nameBytes), "Of the job; nothing: the script's."),
            field("argument", .array(.plain(), count: 0...Limits.argumentBytes), "Arguments, one by one."),
            field(
                "arguments", .embedded(.array(.plain(), count: 0...Limits.argumentBytes)),
                "Arguments as a list, in place of `argument`."),
            field("env", .embedded(.dictionary(.plain())), "Environment variables."),
            field("hash_seed", hashSeed), field("priority", priority, "More is earlier."),
            field("min_split_seconds", seconds), field("chunk_records", records),
            field("split", .boolean, "Whether the script may be split."),
            field("plan_only", .boolean, "Answers the plan that the job would get, and creates nothing."),
        ], isOpen: false)

    /// One whose paths, modes and times must be exact, as the command line sends it.
    private static let exact = ObjectSchema(
        name: "ExactSubmission",
        fields: [
            field("specification", .embedded(specification), isRequired: true, "Files follow, by its part names.")
        ])

    static let hashSeed = Schema.integer(0...Int64(UInt32.max))
    static let priority = Schema.integer(-100...100)
    static let seconds = Schema.number(0...Double.greatestFiniteMagnitude)
    static let records = Schema.integer(1...Int64.max)

    /// What a text field of the simple form means.
    /// - Throws: 422 naming it.
    static func value(_ name: String, _ text: String) throws(APIError) -> JSONValue {
        guard let schema = simple.fields.first(where: { $0.name == name })?.schema else {
            throw .invalid(name, "There is no field \(name).")
        }
        // What may come several times is looked at one by one.
        let one = if case .array(let element, _) = schema { element } else { schema }
        let value = one.value(of: text)
        try one.check(value, at: [name])
        return value
    }

    private static func field(
        _ name: String, _ schema: Schema, isRequired: Bool = false, _ note: String? = nil
    ) -> ObjectSchema.Field {
        ObjectSchema.Field(name: name, schema: schema, isRequired: isRequired, note: note)
    }
}
