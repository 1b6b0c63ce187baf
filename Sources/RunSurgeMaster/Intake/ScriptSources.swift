internal import RunSurgeCore

/// A script and its own modules: Python files below the script's folder, named as it would import them.
struct ScriptSources: Sendable {
    let script: FileEntry
    let modules: [(name: String, entry: FileEntry)]

    init(of specification: JobSpecification) {
        script = specification.script
        let folder = script.path.split(separator: "/").dropLast()
        var modules: [(name: String, entry: FileEntry)] = []
        for entry in specification.inputs where entry.path.hasSuffix(".py") && !entry.isDirectory {
            let parts = entry.path.split(separator: "/")
            guard parts.count > folder.count, parts.starts(with: folder), entry.path != script.path,
                entry.blob.size <= Limits.scriptBytes
            else { continue }
            var names = parts.dropFirst(folder.count).map(String.init)
            names[names.count - 1].removeLast(".py".count)
            if names.last == "__init__" { names.removeLast() }
            if !names.isEmpty { modules.append((names.joined(separator: "."), entry)) }
        }
        self.modules = modules
    }

    init(of script: FileEntry) {
        self.script = script
        modules = []
    }

    /// The script first.
    func read(from blobs: any BlobStore) async throws -> [SourceFile] {
        var files = [try await Self.read("__main__", script, blobs)]
        for module in modules { files.append(try await Self.read(module.name, module.entry, blobs)) }
        return files
    }

    private static func read(_ module: String, _ entry: FileEntry, _ blobs: any BlobStore) async throws -> SourceFile {
        let bytes = entry.blob.size == 0 ? [] : try await blobs.bytes(of: entry.blob, limit: Limits.scriptBytes)
        return SourceFile(module: module, path: entry.path, bytes: bytes)
    }
}
