public import RunSurgeCore

/// What a simple job's owner downloads.
public enum SimpleResult: Sendable, Equatable {
    /// The one file that the script wrote.
    case file(FileEntry)
    /// Several files, under paths relative to the working directory; to be packed.
    case archive([FileEntry])
    /// No file was written.
    case standardOutput(BlobReference)
    /// Neither a file nor a word, but rows in the variable `output`: as CSV.
    case rows(BlobReference)
    case nothing

    public init(of outcome: JobOutcome, workingDirectory: String) {
        let rows = outcome.outputs.first { $0.path == "\(workingDirectory)/\(SimpleJob.rowsFile)" }
        let files = Self.outputs(of: outcome, workingDirectory: workingDirectory).filter { !$0.isDirectory }
        if files.count == 1 {
            self = .file(files[0])
        } else if !files.isEmpty {
            self = .archive(files)
        } else if outcome.standardOutput.size > 0 {
            self = .standardOutput(outcome.standardOutput)
        } else {
            self = rows.map { .rows($0.blob) } ?? .nothing
        }
    }

    /// What the script itself has created or changed in its working directory, by paths relative to that: files, and
    /// folders that hold none.
    public static func outputs(of outcome: JobOutcome, workingDirectory: String) -> [FileEntry] {
        let rows = "\(workingDirectory)/\(SimpleJob.rowsFile)"
        let all = outcome.outputs.filter { JobPath.isInside($0.path, workingDirectory) && $0.path != rows }
        let holding = Set(all.map { JobPath.parent($0.path) })
        return all.filter { !($0.isDirectory && holding.contains($0.path)) }
            .map { $0.moved(to: JobPath.relative($0.path, to: workingDirectory)) }
            .sorted { $0.path < $1.path }
    }
}

extension FileEntry {
    fileprivate func moved(to path: String) -> FileEntry {
        FileEntry(path: path, blob: blob, modifiedNanoseconds: modifiedNanoseconds, mode: mode)
    }
}
