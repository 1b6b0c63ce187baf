import Foundation
import RunSurgeCore

/// Reads the parts of one submission, storing files as they stream by.
///
/// A file whose upload breaks leaves nothing; files of the same request that were complete are blobs that no job
/// names, which the collector removes.
struct SubmissionReader {
    let jobs: any JobStore
    let blobs: any BlobStore
    let receipts: UploadReceipts
    let user: UserID

    /// Of what was read so far.
    private(set) var digest = RequestDigest()
    /// Whether only the plan is asked for.
    private(set) var isPlanOnly = false

    private var draft = JobDraft()
    private var specification: SubmissionView?
    /// Files of a specification by the name of their part.
    private var parts: [String: BlobReference] = [:]
    private var argumentList: [String]?
    private var formFields: Set<String> = []
    private var textBytes = 0

    init(jobs: any JobStore, blobs: any BlobStore, receipts: UploadReceipts, user: UserID) {
        self.jobs = jobs
        self.blobs = blobs
        self.receipts = receipts
        self.user = user
    }

    /// - Throws: 413, 422 naming the field, 507; 400 when the request is cut.
    mutating func read(_ reader: MultipartReader) async throws -> JobSpecification {
        while let part = try await reader.nextPart() {
            let name = part.headers.name
            if name == "specification" {
                try await readSpecification(part)
            } else if specification != nil {
                try await storePart(part)
            } else {
                try await readField(part)
            }
        }
        guard let specification else { return try formSpecification() }
        isPlanOnly = specification.planOnly ?? false
        let resolver = SpecificationResolver(jobs: jobs, blobs: blobs, receipts: receipts, user: user, parts: parts)
        return try await resolver.resolve(specification)
    }

    private mutating func readSpecification(_ part: MultipartReader.Part) async throws {
        guard specification == nil, formFields.isEmpty else {
            throw APIError.invalid("specification", "A specification comes first, once, and without other fields.")
        }
        let bytes = try await part.bytes.collect(field: "specification")
        digest.add(field: "specification", String(decoding: bytes, as: UTF8.self))
        let value = try JSONBody.decode(JSONValue.self, from: bytes, field: "specification")
        try SubmissionForm.specification.check(value, at: [])
        let read = try JSONBody.decode(SubmissionView.self, from: bytes, field: "specification")
        try SpecificationResolver.checkAnnouncedSizes(read)
        specification = read
    }

    private mutating func storePart(_ part: MultipartReader.Part) async throws {
        let name = part.headers.name
        guard parts[name] == nil else { throw APIError.invalid(name, "There are two parts named \(name).") }
        guard parts.count < Limits.inputFiles + 2 else { throw JobDraft.tooManyFiles }
        parts[name] = try await store(part, limit: Limits.uploadBytes)
    }

    private mutating func readField(_ part: MultipartReader.Part) async throws {
        let field = part.headers.name
        let isFirst = formFields.insert(field).inserted
        guard isFirst || field == "input" || field == "argument" else {
            throw APIError.invalid(field, "The field \(field) comes twice.")
        }
        switch field {
        case "script":
            let path = try JobPath.absolute(fileName: try fileName(of: part), field: field)
            draft.script = Self.entry(path, try await store(part, limit: Limits.scriptBytes))
        case "input":
            guard draft.inputs.count < Limits.inputFiles else { throw JobDraft.tooManyFiles }
            let path = try JobPath.absolute(fileName: try fileName(of: part), field: field)
            draft.inputs.append(Self.entry(path, try await store(part, limit: Limits.uploadBytes)))
        case "stdin":
            draft.standardInput = try await store(part, limit: Limits.uploadBytes)
        default:
            try setField(field, try await text(of: part))
        }
    }

    private mutating func setField(_ field: String, _ text: String) throws {
        let value = try SubmissionForm.value(field, text)
        switch field {
        case "argument": draft.arguments.append(text)
        case "arguments":
            let list = try JSONBody.decode([String].self, from: Array(text.utf8), field: field)
            try list.forEach { _ = try SubmissionForm.value("argument", $0) }
            argumentList = list
        case "name": draft.name = text
        case "env": draft.environment = try JSONBody.decode([String: String].self, from: Array(text.utf8), field: field)
        case "hash_seed": draft.hashSeed = value.wholeNumber.map { UInt32(clamping: $0) } ?? 0
        case "priority": draft.priority = value.wholeNumber.map { Int($0) } ?? 0
        case "min_split_seconds": draft.minSplitSeconds = value.amount
        case "chunk_records": draft.chunkRecords = value.wholeNumber
        case "split": draft.isSplittingAllowed = value.flag ?? true
        case "plan_only": isPlanOnly = value.flag ?? false
        default: throw APIError.invalid(field, "The field \(field) is a file.")
        }
    }

    private mutating func formSpecification() throws -> JobSpecification {
        if let argumentList {
            guard draft.arguments.isEmpty else {
                throw APIError.invalid("arguments", "Send either arguments or argument, not both.")
            }
            draft.arguments = argumentList
        }
        return try draft.specification()
    }

    private mutating func store(_ part: MultipartReader.Part, limit: Int64) async throws -> BlobReference {
        do {
            let blob = try await blobs.put(part.bytes, limit: limit)
            digest.add(field: part.headers.name, fileName: part.headers.fileName, blob)
            return blob
        } catch BlobError.tooLarge {
            let name = part.headers.fileName ?? part.headers.name
            throw APIError.tooLarge("\(name) is larger than the limit of \(limit) bytes for it.")
        }
    }

    private func fileName(of part: MultipartReader.Part) throws -> String {
        guard let name = part.headers.fileName else {
            let field = part.headers.name
            throw APIError.invalid(field, "\(field) must be a file; with curl: -F \(field)=@PATH")
        }
        return name
    }

    private mutating func text(of part: MultipartReader.Part) async throws -> String {
        let text = try await part.bytes.text(field: part.headers.name)
        // Empty fields cost something too, or their number would have no bound.
        textBytes += text.utf8.count + 16
        digest.add(field: part.headers.name, text)
        guard textBytes <= Limits.specificationBytes else {
            throw APIError.tooLarge("The fields are larger than \(Limits.specificationBytes) bytes together.")
        }
        return text
    }

    private static func entry(_ path: String, _ blob: BlobReference) -> FileEntry {
        // A form says nothing about times and modes: an upload is a plain file of now.
        let now = Int64(Date().timeIntervalSince1970 * 1_000) * 1_000_000
        return FileEntry(path: path, blob: blob, modifiedNanoseconds: now, mode: 0o644)
    }
}
