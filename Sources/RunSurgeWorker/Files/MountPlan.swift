internal import RunSurgeCore

/// How the files of a job that lie outside of its working directory are shown: as few mounts as possible, none of
/// them over what the sandbox itself shows.
struct MountPlan {
    /// Where the files are staged, each at its own path below it.
    let root: String
    let workingDirectory: String
    /// Shown by the sandbox, read-only.
    let systemPaths: [String]

    private final class Node {
        var children: [String: Node] = [:]
        var isFolder = false
    }

    func mounts(for entries: [FileEntry]) -> [Mount] {
        let top = Node()
        top.isFolder = true
        for entry in entries {
            var node = top
            for part in entry.path.split(separator: "/") {
                node.isFolder = true
                let next = node.children[String(part)] ?? Node()
                node.children[String(part)] = next
                node = next
            }
            if entry.isDirectory { node.isFolder = true }
        }
        var mounts: [Mount] = []
        visit(top, at: "/", &mounts)
        return mounts
    }

    private func visit(_ node: Node, at path: String, _ mounts: inout [Mount]) {
        guard node.isFolder else { return mounts.append(.readOnly(root + path, at: path)) }
        if !mustDescend(path) { return mounts.append(.readOnly(root + path, at: path)) }
        for (name, child) in node.children.sorted(by: { $0.key < $1.key }) {
            visit(child, at: path == "/" ? "/\(name)" : "\(path)/\(name)", &mounts)
        }
    }

    /// A folder can't be shown as a whole when something else has to be seen in it, or around it.
    private func mustDescend(_ path: String) -> Bool {
        if path == "/" { return true }
        return (systemPaths + ["/tmp", workingDirectory]).contains { $0 == path || JobPath.isInside($0, path) }
            || systemPaths.contains { JobPath.isInside(path, $0) }
    }
}
