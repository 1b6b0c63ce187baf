import Foundation
import RunSurgeCore
import Testing

@testable import RunSurgeAPI

/// What a type's decoding says about its JSON.
struct SchemaProbeTests {
    private struct Part: Codable, NotedFields {
        let count: Int32
        static let fieldNotes: [String: FieldNote] = ["count": .rule(.integer(1...9), "Of parts.")]
    }

    private struct Whole: Codable {
        let name: String
        let isOpen: Bool
        let amount: Double?
        let owner: UserID
        let state: JobState
        let parts: [Part]
        let labels: [String: String]?
        let first: Part?

        private enum CodingKeys: String, CodingKey {
            case name, amount, owner, state, parts, labels, first
            case isOpen = "is_open"
        }
    }

    private struct Misnoted: Codable, NotedFields {
        let count: Int
        static let fieldNotes: [String: FieldNote] = ["counts": .says("There is no such field.")]
    }

    private static func fields(_ schema: Schema) throws -> [String: ObjectSchema.Field] {
        guard case .object(let object) = schema else {
            Issue.record("\(schema) is no object")
            return [:]
        }
        return Dictionary(uniqueKeysWithValues: object.fields.map { ($0.name, $0) })
    }

    @Test func fieldsTypesAndOptionalityComeFromTheType() throws {
        let fields = try Self.fields(.of(Whole.self))
        #expect(fields["name"]?.schema == .text() && fields["name"]?.isRequired == true)
        #expect(fields["is_open"]?.schema == .boolean)
        #expect(fields["owner"]?.schema == .identifier)
        #expect(fields["state"]?.schema == JobState.schema)
        #expect(fields["parts"]?.schema == .array(.of(Part.self), count: 0...Int.max))
        #expect(fields["labels"]?.schema == .optional(.dictionary(.text())) && fields["labels"]?.isRequired == false)
        #expect(fields["first"]?.schema == .optional(.of(Part.self)))
        #expect(fields.count == 8)
    }

    @Test func notesNarrowAFieldAndMustNameOne() throws {
        let count = try Self.fields(.of(Part.self))["count"]
        #expect(count?.schema == .integer(1...9) && count?.note == "Of parts.")
        #expect(throws: SchemaProbe.Failure.self) { try SchemaProbe.sample(of: Misnoted.self) }
    }

    @Test(
        arguments: [
            (#"{"sha256": 5, "size": 1}"#, "sha256"), (#"{"sha256": "x", "size": 1}"#, "sha256"),
            (#"{"size": 1}"#, "sha256"), (#"{"sha256": null, "size": 1}"#, "sha256"),
            (#"{"sha256": "SHA", "size": -1}"#, "size"), (#"{"sha256": "SHA", "size": 1.5}"#, "size"),
            (#"{"sha256": "SHA", "size": 1e999}"#, "size"), (#"{"sha256": "SHA", "size": 1, "more": 1}"#, "more"),
            ("[]", "body"), ("7", "body"), (#"{"sha256": "SHA", "size": 9223372036854775808}"#, "size"),
        ])
    func whatDoesNotFitIsNamed(json: String, field: String) throws {
        let text = json.replacing("SHA", with: String(repeating: "0", count: 64))
        let schema = Schema.of(BlobReference.self).closed
        let error = #expect(throws: APIError.self, "\(text)") {
            try schema.check(try JSONBody.decode(JSONValue.self, from: Array(text.utf8), field: "body"), at: [])
        }
        #expect(error?.field == field && error?.status == .unprocessableContent, "\(text)")
    }

    @Test func whatIsSentBackFitsItsOwnSchema() throws {
        let job = JobListView(jobs: [], nextBefore: JobID(3), nextCursor: nil)
        let bytes = Array(try JSONEncoder().encode(job))
        try Schema.of(JobListView.self).closed.check(
            try JSONBody.decode(JSONValue.self, from: bytes, field: "b"), at: [])
    }
}
