internal import RunSurgeAnalysis
public import RunSurgeCore

/// Makes one file of what jobs have left.
public struct ResultDesk: ResultPacking {
    private let archives: any ArchiveHandling

    public init(archives: any ArchiveHandling) { self.archives = archives }

    public func result(of outcome: JobOutcome, workingDirectory: String) async throws -> BlobReference? {
        switch SimpleResult(of: outcome, workingDirectory: workingDirectory) {
        case .file(let entry): entry.blob
        case .archive(let files): try await archives.pack(files)
        case .standardOutput(let blob), .rows(let blob): blob
        case .nothing: nil
        }
    }

    public func archive(of outcome: JobOutcome, workingDirectory: String) async throws -> BlobReference {
        try await archives.pack(SimpleResult.outputs(of: outcome, workingDirectory: workingDirectory))
    }
}
