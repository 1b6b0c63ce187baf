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
        let folder = workingDirectory.hasSuffix("/") ? workingDirectory : workingDirectory + "/"
        let rows = outcome.outputs.first { $0.path == folder + SimpleJob.rowsFile }
        let files = outcome.outputs.filter { !$0.isDirectory && $0 != rows && $0.path.hasPrefix(folder) }
        if files.count == 1 {
            self = .file(files[0])
        } else if !files.isEmpty {
            self = .archive(files.sorted { $0.path < $1.path }.map { $0.moved(to: $0.path.dropFirst(folder.count)) })
        } else if outcome.standardOutput.size > 0 {
            self = .standardOutput(outcome.standardOutput)
        } else {
            self = rows.map { .rows($0.blob) } ?? .nothing
        }
    }
}

extension FileEntry {
    fileprivate func moved(to path: Substring) -> FileEntry {
        FileEntry(path: String(path), blob: blob, modifiedNanoseconds: modifiedNanoseconds, mode: mode)
    }
}
