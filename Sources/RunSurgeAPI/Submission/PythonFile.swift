import Foundation
import RunSurgeCore

/// Code in a form of the original surface.
enum PythonFile {
    /// Of routes with such forms.
    static let refusals = [
        Refusal(.badRequest, "not_python", "The file's name does not end in .py."),
        Refusal(.badRequest, "empty_file", "The file is empty."),
        Refusal(.badRequest, "file_too_large", "A file is larger than \(Limits.scriptBytes) bytes."),
    ]

    static let tooLarge = APIError(
        .badRequest, "file_too_large", "A Python file may have \(Limits.scriptBytes) bytes; this one has more.")

    /// Where it lies when it runs.
    /// - Throws: 400 when it is none.
    static func entry(_ field: String, of form: FileForm.Content) throws(APIError) -> FileEntry {
        let file = try form.file(field)
        guard file.name.lowercased().hasSuffix(".py") else {
            throw APIError(.badRequest, "not_python", "\(file.name) is no Python file; send one that ends in .py.")
        }
        guard file.blob.size > 0 else { throw APIError(.badRequest, "empty_file", "\(file.name) is empty.") }
        return FileEntry(
            path: "\(JobPath.workingDirectory)/\(file.name)", blob: file.blob,
            modifiedNanoseconds: Int64(Date().timeIntervalSince1970 * 1_000) * 1_000_000, mode: 0o644)
    }
}
