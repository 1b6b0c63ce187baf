import RunSurgeCore

extension JobPath {
    /// Belong to the machine, not to the job.
    private static let reserved = ["/proc", "/sys", "/dev"]

    /// The absolute path of a file that is named relative to the working directory.
    /// - Throws: 422 naming `field`.
    static func absolute(fileName: String, field: String) throws -> String {
        guard !fileName.isEmpty, isSafe("\(workingDirectory)/\(fileName)") else {
            throw APIError.invalid(
                field, "\(fileName) is not a path below the working directory: write it as in folder/file.csv.")
        }
        return "\(workingDirectory)/\(fileName)"
    }

    /// - Returns: `path` when it is absolute, without `.`, `..`, empty components or a slash at its end.
    /// - Throws: 422 naming `field`.
    static func checked(_ path: String, field: String) throws -> String {
        guard path.utf8.count <= Limits.pathBytes else {
            throw APIError.invalid(field, "A path is longer than \(Limits.pathBytes) bytes.")
        }
        guard path != "/", isSafe(path) else {
            throw APIError.invalid(field, "\(path) is not a plain absolute path.")
        }
        guard !reserved.contains(where: { path == $0 || isInside(path, $0) }) else {
            throw APIError.invalid(field, "\(path) belongs to the machine; a job can't bring it.")
        }
        return path
    }
}
