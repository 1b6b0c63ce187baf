import RunSurgeClient
import RunSurgeCore

/// Jobs on a master that is reached over REST.
struct RemoteGateway: JobGateway {
    let client: RunSurgeClient

    func submit(_ job: PreparedJob) async throws -> JobID {
        var submission = Submission(script: Self.file(job.script), workingDirectory: job.workingDirectory)
        submission.inputs = job.inputs.map(Self.file)
        submission.name = job.options.name
        submission.scriptArgument = job.scriptArgument
        submission.arguments = job.arguments
        submission.environment = job.environment
        submission.hashSeed = job.hashSeed
        submission.minSplitSeconds = job.options.minSplitSeconds
        submission.chunkRecords = job.options.chunkRecords
        submission.isSplittingAllowed = job.options.isSplittingAllowed
        submission.priority = job.options.priority
        guard job.readsStandardInput else { return try await client.submit(submission).jobID }
        // Its length must be known before it is sent.
        let spool = try await StandardInput.spool()
        submission.standardInput = .file(localPath: spool.path, size: spool.size)
        defer { spool.remove() }
        return try await client.submit(submission).jobID
    }

    private static func file(_ file: LocalFile) -> Submission.File {
        Submission.File(
            path: file.path,
            content: file.isDirectory ? .folder : .file(localPath: file.path, size: file.size), mode: file.mode,
            modifiedNanoseconds: file.modifiedNanoseconds)
    }

    func output(of job: JobID, stream: LogStream) -> AsyncThrowingStream<[UInt8], any Error> {
        client.logs(job, stream: stream, follow: true)
    }

    func progress(of job: JobID) async throws -> JobProgress {
        let view = try await client.job(job)
        let regions = try await client.regions(job)
        return JobProgress(
            state: view.status, completedChunks: regions.reduce(0) { $0 + $1.completed },
            chunks: regions.reduce(0) { $0 + $1.chunks })
    }

    func result(of job: JobID) async throws -> JobResult {
        let view = try await client.waitForEnd(of: job)
        guard view.status == .completed else {
            throw CommandError.failure(view.failure ?? "job \(job) was \(view.status.rawValue)")
        }
        let outputs = try await client.outputs(job)
        return JobResult(
            exitStatus: outputs.exitStatus, outputs: outputs.outputs, deleted: outputs.deleted,
            report: try await client.report(job))
    }

    func download(_ file: OutputView, of job: JobID, to path: String) async throws {
        try await client.download(file, of: job, to: path)
    }

    func cancel(_ job: JobID) async throws -> Bool { try await client.cancel(job).success }
}
