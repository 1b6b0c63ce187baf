public import RunSurgeCore

/// The job that runs a group's aggregator over what its jobs made.
public struct AggregatorScript: Sendable {
    /// The script's text, the same for every group; it is to be stored as a blob.
    public static let text = PackageResources.aggregate_py

    private static let folder = "/group"

    private let form: AggregatorForm
    private let fileName: String

    /// - Parameter fileName: as its owner called the aggregator; shown in its errors.
    public init(form: AggregatorForm, fileName: String) {
        self.form = form
        let last = fileName.split(separator: "/").last.map(String.init) ?? ""
        let isPlain = !["", ".", ".."].contains(last) && !last.utf8.contains(0) && last.utf8.count <= 255
        self.fileName = isPlain ? last : "aggregator.py"
    }

    /// - Parameters:
    ///   - script: the blob of `text`.
    ///   - outputs: the archives of the group's jobs, in the jobs' order.
    public func specification(
        name: String, script: BlobReference, aggregator: BlobReference, outputs: [BlobReference]
    ) -> JobSpecification {
        let archives = outputs.enumerated().map { Self.file("outputs/\($0 + 1).zip", $1) }
        let path = "aggregator/\(fileName)"
        return JobSpecification(
            name: name, script: Self.file("aggregate.py", script),
            inputs: [Self.file(path, aggregator), Self.folder("outputs")] + archives,
            arguments: ["\(Self.folder)/\(path)", "\(Self.folder)/outputs"] + lines,
            // What it runs is not in the tree that is analysed.
            isSplittingAllowed: false)
    }

    private var lines: [String] {
        switch form {
        case .parts(let second, let third): [String(second), String(third)]
        case .function: []
        }
    }

    private static func file(_ path: String, _ blob: BlobReference) -> FileEntry {
        FileEntry(path: "\(folder)/\(path)", blob: blob, modifiedNanoseconds: 0, mode: 0o644)
    }

    /// There even when the group has no archives.
    private static func folder(_ path: String) -> FileEntry {
        FileEntry(path: "\(folder)/\(path)", blob: .empty, modifiedNanoseconds: 0, mode: 0o040755)
    }
}
