/// Makes one file to download of what jobs have left.
public protocol ResultPacking: Sendable {
    /// A simple job's result: the file that it wrote, several as a zip, its standard output, or its rows as CSV.
    /// - Returns: nil when it has left nothing.
    func result(of outcome: JobOutcome, workingDirectory: String) async throws -> BlobReference?
    /// A zip of all that a job has created or changed, under paths relative to its working directory. The same outputs
    /// make the same blob.
    func archive(of outcome: JobOutcome, workingDirectory: String) async throws -> BlobReference
}
