import Hummingbird
import RunSurgeCore

/// A form of a few fields and files, each of which comes once at most. Fields that it does not know are ignored, as the
/// original system does.
struct FileForm: Sendable {
    struct File: Sendable {
        /// As the sender calls it; not a path.
        let name: String
        let blob: BlobReference
    }

    struct Content: Sendable {
        fileprivate(set) var values: [String: JSONValue] = [:]
        fileprivate(set) var files: [String: File] = [:]
        fileprivate(set) var digest = RequestDigest()

        /// - Precondition: the form describes such a field as a required whole number.
        func number(_ field: String) throws(APIError) -> Int64 {
            guard let number = values[field]?.wholeNumber else { throw .missing(field) }
            return number
        }

        /// nil: it was not sent.
        func optionalNumber(_ field: String) -> Int64? { values[field]?.wholeNumber }

        func text(_ field: String) throws(APIError) -> String {
            guard let text = values[field]?.string else { throw .missing(field) }
            return text
        }

        func file(_ field: String) throws(APIError) -> File {
            guard let file = files[field] else { throw .missing(field) }
            return file
        }
    }

    let description: ObjectSchema
    /// Bytes of each file.
    let fileLimit: Int64
    /// To a file that is larger; its rest is not read.
    let largeFile: APIError

    var schema: Schema { .object(description) }

    /// Reads the whole form, storing files as they stream by.
    /// - Throws: `largeFile`; 413, 422 naming the field, 507; 400 when the request is cut.
    func read(_ call: Call, into blobs: any BlobStore) async throws -> Content {
        let files = description.fields.filter { $0.schema == .bytes }.count
        let limit = Int64(files) * fileLimit + Int64(Limits.specificationBytes)
        let request = call.request
        if let length = request.announcedLength, length > limit { throw largeFile }
        let reader = try MultipartReader(request, limit: limit)
        try await call.context.welcomeBody(of: request)
        var content = Content()
        while let part = try await reader.nextPart() { try await read(part, into: blobs, &content) }
        for field in description.fields
        where field.isRequired && content.values[field.name] == nil && content.files[field.name] == nil {
            throw APIError.missing(field.name)
        }
        return content
    }

    private func read(_ part: MultipartReader.Part, into blobs: any BlobStore, _ content: inout Content) async throws {
        let name = part.headers.name
        guard let field = description.fields.first(where: { $0.name == name }) else { return }
        guard content.values[name] == nil, content.files[name] == nil else {
            throw APIError.invalid(name, "The field \(name) comes twice.")
        }
        if field.schema == .bytes {
            let file = File(name: try fileName(of: part), blob: try await store(part, in: blobs))
            content.files[name] = file
            content.digest.add(field: name, fileName: file.name, file.blob)
        } else {
            let text = try await part.bytes.text(field: name, limit: Limits.jsonBodyBytes)
            let value = field.schema.value(of: text)
            try field.schema.check(value, at: [name])
            content.values[name] = value
            content.digest.add(field: name, text)
        }
    }

    private func store(_ part: MultipartReader.Part, in blobs: any BlobStore) async throws -> BlobReference {
        do {
            return try await blobs.put(part.bytes, limit: fileLimit)
        } catch BlobError.tooLarge {
            throw largeFile
        }
    }

    /// Browsers may send a path, of which only its end is a name.
    private func fileName(of part: MultipartReader.Part) throws(APIError) -> String {
        let field = part.headers.name
        guard let sent = part.headers.fileName else {
            throw .invalid(field, "\(field) must be a file; with curl: -F \(field)=@PATH")
        }
        let name = sent.split { $0 == "/" || $0 == "\\" }.last.map(String.init) ?? ""
        guard !name.isEmpty, name != ".", name != "..", name.utf8.count <= Limits.nameBytes, !name.utf8.contains(0)
        else { throw .invalid(field, "The file \(field) needs a name of 1 to \(Limits.nameBytes) bytes.") }
        return name
    }
}

extension APIError {
    static func missing(_ field: String) -> APIError { .invalid(field, "The field \(field) is missing.") }
}
