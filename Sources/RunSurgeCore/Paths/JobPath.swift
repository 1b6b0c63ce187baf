/// Paths in the world of a job.
public enum JobPath {
    /// Where simple submissions run.
    public static let workingDirectory = "/job"

    /// Absolute, at most `Limits.pathBytes` long, without empty, "." and ".." parts and without a zero byte: naming the
    /// same file to everybody.
    public static func isSafe(_ path: String) -> Bool {
        guard path.hasPrefix("/"), path.utf8.count <= Limits.pathBytes, !path.utf8.contains(0) else { return false }
        if path == "/" { return true }
        return path.dropFirst().split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
            !part.isEmpty && part != "." && part != ".." && part.utf8.count <= 255
        }
    }

    /// Whether `path` lies below `folder`.
    public static func isInside(_ path: String, _ folder: String) -> Bool {
        folder == "/" ? path != "/" : path.hasPrefix(folder + "/")
    }

    public static func parent(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    /// Relative to `folder` when it lies below it, else as it is without the leading slash.
    public static func relative(_ path: String, to folder: String) -> String {
        let prefix = folder.hasSuffix("/") ? folder : "\(folder)/"
        return String(path.hasPrefix(prefix) ? path.dropFirst(prefix.count) : path.drop { $0 == "/" })
    }

    public static func lastComponent(_ path: String) -> String { String(path.split(separator: "/").last ?? "") }
}
