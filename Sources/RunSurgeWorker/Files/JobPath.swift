/// Rules for paths that come from outside.
enum JobPath {
    /// Absolute, without empty, "." and ".." parts and without a zero byte: naming the same file to everybody.
    static func isSafe(_ path: String) -> Bool {
        guard path.hasPrefix("/"), path.utf8.count <= 4_000, !path.utf8.contains(0) else { return false }
        if path == "/" { return true }
        return path.dropFirst().split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
            !part.isEmpty && part != "." && part != ".." && part.utf8.count <= 255
        }
    }

    static func isInside(_ path: String, _ folder: String) -> Bool {
        folder == "/" ? path != "/" : path.hasPrefix(folder + "/")
    }

    static func parent(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }
}
