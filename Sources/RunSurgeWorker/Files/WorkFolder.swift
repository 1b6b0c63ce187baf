internal import Glibc
internal import RunSurgeCore

/// The working directory that a driver owns: copies of the inputs, and later what it made of them.
struct WorkFolder: Sendable {
    /// Shown as the job's working directory.
    let path: String
    let job: JobDescription
    /// As they were handed out, by path below the folder.
    private var original: [String: Original] = [:]
    /// Inputs that are mounted over this folder, not in it.
    let mounted: Set<String>

    private struct Original: Sendable {
        let status: FileStatus
        /// Nil for a folder that is there only because an input lies in it.
        let entry: FileEntry?
    }

    /// - Parameter mountsLarge: large inputs are shown read-only from the job's tree; the script leaves inputs alone.
    init(path: String, job: JobDescription, mountsLarge: Bool) {
        self.path = path
        self.job = job
        let large = job.filesInside.filter { !$0.isDirectory && $0.blob.size >= StagedFiles.linkBytes }
        mounted = mountsLarge ? Set(large.map(\.path)) : []
    }

    mutating func fill(from cache: BlobCache) async throws {
        let entries = job.filesInside.filter { !mounted.contains($0.path) }
        try await StagedFiles(root: path, cache: cache).place(
            entries, without: job.workingDirectory, mayLink: false)
        original = try await BlockingWork.run { [path, job] in
            var original: [String: Original] = [:]
            for entry in entries {
                let name = String(entry.path.dropFirst(job.workingDirectory.utf8.count + 1))
                guard let status = FileStatus("\(path)/\(name)") else { throw SystemError("lstat \(entry.path)") }
                original[name] = Original(status: status, entry: entry)
                var parent = name
                while let slash = parent.lastIndex(of: "/") {
                    parent = String(parent[..<slash])
                    guard original[parent] == nil, let status = FileStatus("\(path)/\(parent)") else { continue }
                    original[parent] = Original(status: status, entry: nil)
                }
            }
            return original
        }
    }

    func mounts(from tree: JobTree) -> [Mount] {
        [.writable(path, at: job.workingDirectory)] + mounted.sorted().map { .readOnly(tree.root + $0, at: $0) }
    }

    /// What is different now, only from regular files and folders; links, pipes, sockets and devices are not followed
    /// and not taken. Blocks; the processes must be gone.
    func changes(limit: OutputLimit) throws -> WorkChanges {
        var walk = Walk(folder: self, limit: limit)
        try walk.visit("")
        var changes = walk.changes
        let missing = Set(original.keys).subtracting(walk.seen)
        changes.deleted = missing.map { "\(job.workingDirectory)/\($0)" }.sorted()
        return changes
    }

    private struct Walk {
        let folder: WorkFolder
        let limit: OutputLimit
        var changes = WorkChanges()
        var seen: Set<String> = []
        private var bytes: Int64 = 0

        init(folder: WorkFolder, limit: OutputLimit) {
            self.folder = folder
            self.limit = limit
        }

        mutating func visit(_ name: String) throws {
            let path = name.isEmpty ? folder.path : "\(folder.path)/\(name)"
            // What the script closed to its owner is opened: nobody else is left who could look.
            if let status = FileStatus(path), status.mode & 0o500 != 0o500 { chmod(path, 0o700) }
            for child in FileTree.names(in: path) {
                let name = name.isEmpty ? child : "\(name)/\(child)"
                guard let status = FileStatus("\(folder.path)/\(name)") else { continue }
                try note(name, status)
            }
        }

        private mutating func note(_ name: String, _ status: FileStatus) throws {
            let shown = "\(folder.job.workingDirectory)/\(name)"
            if folder.mounted.contains(shown) || status.kind == .other { return }
            let original = folder.original[name]
            let isSameKind = original.map { ($0.status.kind == .folder) == (status.kind == .folder) } ?? false
            if isSameKind { seen.insert(name) }
            if status.kind == .folder {
                if !isSameKind && !folder.holdsMounted(shown) { try add(shown, name, status, size: 0) }
                return try visit(name)
            }
            if isSameKind, original?.status == status { return }
            try add(shown, name, status, size: status.size)
        }

        private mutating func add(_ shown: String, _ name: String, _ status: FileStatus, size: Int64) throws {
            bytes += size
            guard changes.changed.count < limit.files, bytes <= limit.bytes, bytes >= 0 else {
                throw OutputLimit.Exceeded(limit: limit, path: shown)
            }
            changes.changed.append(
                WorkChanges.Changed(
                    path: shown, source: "\(folder.path)/\(name)", status: status,
                    original: folder.original[name]?.entry))
        }
    }

    /// Made by the sandbox, to mount an input in it.
    private func holdsMounted(_ path: String) -> Bool { mounted.contains { JobPath.isInside($0, path) } }
}

/// How much a script may leave behind.
struct OutputLimit: Sendable, Equatable {
    var files: Int
    /// Of all files together.
    var bytes: Int64

    struct Exceeded: Error, CustomStringConvertible {
        let limit: OutputLimit
        let path: String
        var description: String {
            "The script left more than \(limit.files) files or \(limit.bytes) bytes in its working directory "
                + "(counted up to \(path)); raise the worker's limit, or write less."
        }
    }
}

/// What a script did to its working directory.
struct WorkChanges: Sendable {
    struct Changed: Sendable {
        /// As the script sees it.
        let path: String
        /// Where it lies.
        let source: String
        let status: FileStatus
        /// The input that was there, if any.
        let original: FileEntry?
    }

    var changed: [Changed] = []
    var deleted: [String] = []
}

extension WorkChanges {
    /// Stores the changed files.
    func stored(in store: any BlobStore) async throws -> [FileEntry] {
        var entries: [FileEntry] = []
        for file in changed {
            let blob = try await file.blob(in: store)
            entries.append(
                FileEntry(
                    path: file.path, blob: blob, modifiedNanoseconds: file.status.modifiedNanoseconds,
                    mode: file.status.kind == .folder ? file.status.mode : file.status.mode & 0o7777))
        }
        // Touched only in a way that nobody can tell.
        let originals = Set(changed.compactMap(\.original))
        return entries.filter { !originals.contains($0) }
    }
}

extension WorkChanges.Changed {
    fileprivate func blob(in store: any BlobStore) async throws -> BlobReference {
        if status.kind == .folder { return .empty }
        let source = source
        if status.mode & 0o400 == 0 { try await BlockingWork.run { try FileTree.setMode(source, 0o600) } }
        return try await store.put(fileAt: source)
    }
}
