import RunSurgeCore

/// Paths in the world of a job.
enum JobPath {
    /// Where simple submissions run.
    static let workingDirectory = "/job"
    /// Belong to the machine, not to the job.
    private static let reserved = ["/proc", "/sys", "/dev"]

    /// The absolute path of a file that is named relative to the working directory.
    /// - Throws: 422 naming `field`.
    static func absolute(fileName: String, field: String) throws -> String {
        let components = fileName.split(separator: "/", omittingEmptySubsequences: false)
        guard !fileName.isEmpty, components.allSatisfy(isPlain) else {
            throw APIError.invalid(
                field, "\(fileName) is not a path below the working directory: write it as in folder/file.csv.")
        }
        return try checked("\(workingDirectory)/\(fileName)", field: field)
    }

    /// - Returns: `path` when it is absolute, without `.`, `..`, empty components or a slash at its end.
    static func checked(_ path: String, field: String) throws -> String {
        let isNormal =
            path.hasPrefix("/") && path.utf8.count > 1
            && path.dropFirst().split(separator: "/", omittingEmptySubsequences: false).allSatisfy(isPlain)
        guard isNormal else {
            throw APIError.invalid(field, "\(path) is not a plain absolute path.")
        }
        guard path.utf8.count <= Limits.pathBytes else {
            throw APIError.invalid(field, "A path is longer than \(Limits.pathBytes) bytes.")
        }
        guard !reserved.contains(where: { path == $0 || path.hasPrefix("\($0)/") }) else {
            throw APIError.invalid(field, "\(path) belongs to the machine; a job can't bring it.")
        }
        return path
    }

    /// Relative to `folder` when it lies below it, else as it is without the leading slash.
    static func relative(_ path: String, to folder: String) -> String {
        let prefix = folder.hasSuffix("/") ? folder : "\(folder)/"
        return String(path.hasPrefix(prefix) ? path.dropFirst(prefix.count) : path.drop { $0 == "/" })
    }

    static func lastComponent(_ path: String) -> String { String(path.split(separator: "/").last ?? "") }

    private static func isPlain(_ component: some StringProtocol) -> Bool {
        !component.isEmpty && component != "." && component != ".." && !component.utf8.contains(0)
            && component.utf8.count <= 255
    }
}
