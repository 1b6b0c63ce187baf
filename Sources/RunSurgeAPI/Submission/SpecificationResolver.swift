import RunSurgeCore

/// Turns a submission with exact paths into a specification: every content becomes a blob that the caller may use.
struct SpecificationResolver {
    let jobs: any JobStore
    let blobs: any BlobStore
    let receipts: UploadReceipts
    let user: UserID
    let parts: [String: BlobReference]

    /// Refuses what is announced as too large before its bytes are read.
    static func checkAnnouncedSizes(_ submission: SubmissionView) throws {
        if let size = submission.script.content.size, size > Limits.scriptBytes { throw JobDraft.largeScript }
        let inputs = submission.inputs ?? []
        guard inputs.count <= Limits.inputFiles else { throw JobDraft.tooManyFiles }
        for file in inputs {
            if let size = file.content.size, size > Limits.uploadBytes {
                throw APIError.tooLarge("\(file.path) is larger than the limit of \(Limits.uploadBytes) bytes.")
            }
        }
    }

    /// - Throws: 422 naming the field that is wrong.
    func resolve(_ submission: SubmissionView) async throws -> JobSpecification {
        var draft = JobDraft()
        draft.name = submission.name
        draft.script = try await entry(submission.script, field: "script")
        for (index, file) in (submission.inputs ?? []).enumerated() {
            draft.inputs.append(try await entry(file, field: "inputs.\(index)"))
        }
        draft.scriptArgument = submission.scriptArgument
        draft.arguments = submission.arguments ?? []
        draft.workingDirectory = try JobPath.checked(submission.workingDirectory, field: "working_directory")
        draft.environment = submission.environment ?? [:]
        if let content = submission.standardInput {
            draft.standardInput = try await blob(content, field: "standard_input")
        }
        draft.hashSeed = submission.hashSeed ?? 0
        draft.minSplitSeconds = submission.minSplitSeconds
        draft.chunkRecords = submission.chunkRecords
        draft.isSplittingAllowed = submission.split ?? true
        draft.priority = submission.priority ?? 0
        return try draft.specification()
    }

    private func entry(_ file: SubmissionView.File, field: String) async throws -> FileEntry {
        let path = try JobPath.checked(file.path, field: "\(field).path")
        let plain = FileEntry(path: path, blob: .empty, modifiedNanoseconds: file.modifiedNanoseconds, mode: file.mode)
        // A folder has no content to look for.
        if plain.isDirectory { return plain }
        guard file.mode <= 0o7777 else {
            throw APIError.invalid("\(field).mode", "mode must be permission bits, or those of a folder.")
        }
        return FileEntry(
            path: path, blob: try await blob(file.content, field: "\(field).content"),
            modifiedNanoseconds: file.modifiedNanoseconds, mode: file.mode)
    }

    private func blob(_ content: SubmissionView.Content, field: String) async throws -> BlobReference {
        if let part = content.part {
            guard let blob = parts[part] else { throw APIError.invalid(field, "There is no part named \(part).") }
            if let size = content.size, size != blob.size {
                throw APIError.invalid(field, "The part \(part) has \(blob.size) bytes, not the \(size) announced.")
            }
            return blob
        }
        guard let name = content.sha256, let size = content.size, BlobReference.isValidName(name), size >= 0 else {
            throw APIError.invalid(field, "A content names a part, or a blob by its sha256 and size.")
        }
        let blob = BlobReference(sha256: name, size: size)
        guard try await isUsable(blob, receipt: content.receipt), try await blobs.contains(blob) else {
            throw APIError.invalid(field, "There is no such blob, or it is not yours to use; send the file itself.")
        }
        return blob
    }

    private func isUsable(_ blob: BlobReference, receipt: String?) async throws -> Bool {
        if let receipt, receipts.isValid(receipt, for: blob, user: user) { return true }
        return try await jobs.mayRead(blob: blob.sha256, owner: user)?.size == blob.size
    }
}
