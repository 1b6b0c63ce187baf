import RunSurgeCore

/// Jobs on the cluster of this process: the same stores that the REST facade uses, without the network.
struct LocalGateway: JobGateway {
    let jobs: any JobStore
    let blobs: any BlobStore
    let owner: UserID

    func submit(_ job: PreparedJob) async throws -> JobID {
        let script = try await store(job.script)
        var inputs: [FileEntry] = []
        for file in job.inputs { inputs.append(try await store(file)) }
        var standardInput: BlobReference?
        if job.readsStandardInput {
            standardInput = try await blobs.put(StandardInput.pieces, limit: Limits.uploadBytes)
        }
        let specification = job.specification(script: script, inputs: inputs, standardInput: standardInput)
        return try await jobs.createJob(specification, owner: owner).id
    }

    private func store(_ file: LocalFile) async throws -> FileEntry {
        file.entry(file.isDirectory ? .empty : try await blobs.put(fileAt: file.path))
    }

    func output(of job: JobID, stream: LogStream) -> AsyncThrowingStream<[UInt8], any Error> {
        let reader = LocalLogReader(gateway: self, job: job, stream: stream)
        return AsyncThrowingStream { try await reader.next() }
    }

    func progress(of job: JobID) async throws -> JobProgress {
        let state = try await existing(job).state
        let regions = try await jobs.regions(of: job, owner: owner)
        return JobProgress(
            state: state, completedChunks: regions.reduce(0) { $0 + $1.completed },
            chunks: regions.reduce(0) { $0 + $1.chunks })
    }

    func result(of job: JobID) async throws -> JobResult {
        var found = try await existing(job)
        while !found.state.isFinal {
            try await jobs.waitForChange(of: job, within: .seconds(1))
            found = try await existing(job)
        }
        guard let outcome = found.outcome else {
            throw CommandError.failure(found.failure ?? "job \(job) was \(found.state.rawValue)")
        }
        let folder = found.specification.workingDirectory
        return JobResult(
            exitStatus: outcome.exitStatus,
            outputs: try outcome.outputs.map { OutputView(path: try Path.relative($0.path, to: folder), file: $0) },
            deleted: try outcome.deleted.map { try Path.relative($0, to: folder) }, report: outcome.report)
    }

    func existing(_ id: JobID) async throws -> Job {
        guard let job = try await jobs.job(id, owner: owner) else {
            throw CommandError.refused("there is no job \(id)")
        }
        return job
    }

    func download(_ file: OutputView, of job: JobID, to path: String) async throws {
        let output = try OutputFile(path: path, mode: file.mode)
        for try await piece in try await blobs.read(file.blob, range: 0..<file.size) { try output.append(piece) }
        try output.publish()
    }

    func cancel(_ job: JobID) async throws -> Bool { try await jobs.requestCancel(job, owner: owner) }
}
