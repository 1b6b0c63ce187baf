import Foundation

/// All that a run of a script shows to the outside.
struct Observation: Equatable {
    let status: Int32
    let output: Data
    let error: Data
    /// Contents by path below the folder, folders included as empty.
    let files: [String: Data]

    init(_ result: ChildProcess.Result, folder: URL) throws {
        status = result.status
        output = result.output
        error = result.error
        var files: [String: Data] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: folder.path) {
            let url = folder.appending(path: path)
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder)
            files[path] = isFolder.boolValue ? Data() : try Data(contentsOf: url)
        }
        self.files = files
    }

    /// The first thing in which `other` is different, in words; nil when nothing is.
    func firstDifference(from other: Observation) -> String? {
        if status == 125 { return "RunSurge failed: \(String(decoding: error, as: UTF8.self))" }
        if output != other.output { return "standard output: \(Self.firstDifferingLine(output, other.output))" }
        if error != other.error { return "standard error: \(Self.firstDifferingLine(error, other.error))" }
        if status != other.status { return "exit status \(status), not \(other.status)" }
        for path in Set(files.keys).union(other.files.keys).sorted() {
            guard let mine = files[path] else { return "file \(path) is missing" }
            guard let theirs = other.files[path] else { return "file \(path) should not be there" }
            if mine != theirs { return "file \(path): \(Self.firstDifferingLine(mine, theirs))" }
        }
        return nil
    }

    private static func firstDifferingLine(_ left: Data, _ right: Data) -> String {
        let mine = left.split(separator: 10, omittingEmptySubsequences: false)
        let theirs = right.split(separator: 10, omittingEmptySubsequences: false)
        for index in 0..<max(mine.count, theirs.count) {
            let a = index < mine.count ? String(decoding: mine[index], as: UTF8.self) : "<end>"
            let b = index < theirs.count ? String(decoding: theirs[index], as: UTF8.self) : "<end>"
            if a != b { return "line \(index + 1) is \(a.debugDescription), python3 gives \(b.debugDescription)" }
        }
        return "the bytes differ"
    }
}
