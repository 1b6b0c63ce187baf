import RunSurgeCore

/// A place where jobs run: the cluster of this process, or a master that is reached over REST.
protocol JobGateway: Sendable {
    /// Stores what is not stored yet and submits; durable when it returns.
    func submit(_ job: PreparedJob) async throws -> JobID
    /// What the script writes to a stream, as it is written, to the end of the job.
    func output(of job: JobID, stream: LogStream) -> AsyncThrowingStream<[UInt8], any Error>
    func progress(of job: JobID) async throws -> JobProgress
    /// Returns when the job has ended.
    /// - Throws: `CommandError` when it was cancelled or could not be run to its end.
    func result(of job: JobID) async throws -> JobResult
    /// Writes an output of a completed job to `path`, replacing what is there.
    func download(_ file: OutputView, of job: JobID, to path: String) async throws
    /// - Returns: false when it had ended already.
    func cancel(_ job: JobID) async throws -> Bool
}

struct JobProgress: Sendable {
    let state: JobState
    let completedChunks: Int64
    let chunks: Int64
}

/// What a completed job left behind; paths are relative to the folder it ran in.
struct JobResult: Sendable {
    let exitStatus: Int32
    let outputs: [OutputView]
    let deleted: [String]
    /// The run report, JSON.
    let report: [UInt8]
}
