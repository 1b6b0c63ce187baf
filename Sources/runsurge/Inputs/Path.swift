import Foundation

/// Paths as the command line meets them.
enum Path {
    static var workingDirectory: String { FileManager.default.currentDirectoryPath }

    /// Absolute, without `.` and `..`, symbolic links left as they are: the way Python would name it.
    static func absolute(_ path: String, in folder: String = workingDirectory) -> String {
        let joined = path.hasPrefix("/") ? path : folder + "/" + path
        var parts: [Substring] = []
        for part in joined.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }

    /// - Throws: `CommandError` when `path` is not below `folder`.
    static func relative(_ path: String, to folder: String) throws -> String {
        let prefix = folder == "/" ? "/" : folder + "/"
        guard path.hasPrefix(prefix) else {
            throw CommandError.failure("the job reported an output outside of its folder: \(path)")
        }
        return String(path.dropFirst(prefix.count))
    }

    /// - Throws: `CommandError` naming the file.
    static func read(_ path: String) throws -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandError.refused("can't read \(path): \(String(cString: strerror(errno)))")
        }
        return [UInt8](data)
    }

    /// What a shell pattern matches, sorted.
    static func expand(_ pattern: String) -> [String] {
        var result = glob_t()
        defer { globfree(&result) }
        guard glob(pattern, 0, nil, &result) == 0 else { return [] }
        return (0..<Int(result.gl_pathc)).compactMap { index in result.gl_pathv[index].map { String(cString: $0) } }
    }
}
