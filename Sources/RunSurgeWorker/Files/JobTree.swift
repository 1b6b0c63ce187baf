internal import RunSurgeCore

/// The read-only files of one job on this host, staged once for all of its processes.
actor JobTree {
    nonisolated let folder: String
    private let job: JobDescription
    private let cache: BlobCache
    private var outside: Task<Void, any Error>?
    private var inside: Task<Void, any Error>?

    init(job: JobDescription, folder: String, cache: BlobCache) {
        self.job = job
        self.folder = folder
        self.cache = cache
    }

    /// Below it every file lies at its own path.
    nonisolated var root: String { folder + "/tree" }

    /// What lies outside of the working directory.
    func stageOutside() async throws {
        let task = outside ?? stage(job.filesOutside)
        outside = task
        try await task.value
    }

    /// What lies in it, for processes that may only read it.
    func stageInside() async throws {
        let task = inside ?? stage(job.filesInside)
        inside = task
        try await task.value
    }

    private func stage(_ entries: [FileEntry]) -> Task<Void, any Error> {
        let staged = StagedFiles(root: root, cache: cache)
        let directory = root + job.workingDirectory
        return Task {
            try await BlockingWork.run { try FileTree.makeFolder(directory) }
            try await staged.place(entries, mayLink: true)
        }
    }
}
