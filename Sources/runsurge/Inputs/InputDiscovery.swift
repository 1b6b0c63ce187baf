import Foundation
import RunSurgeAnalysis
import RunSurgeCore

/// Finds the files that a script will want: those its arguments name, those its text names, its own modules, and
/// what the user adds.
struct InputDiscovery {
    let folder: String
    private var files: [String: LocalFile] = [:]

    private init(folder: String) { self.folder = folder }

    /// - Parameter extra: `--input` paths, which must exist.
    /// - Throws: `CommandError` when an extra input is missing, or there are more than `Limits.inputFiles`.
    static func find(
        for inspection: ScriptInspection, arguments: [String], extra: [String], folder: String
    ) throws -> [LocalFile] {
        var discovery = InputDiscovery(folder: folder)
        for path in extra {
            guard LocalFile(path: Path.absolute(path, in: folder)) != nil else {
                throw CommandError.usage("--input \(path): there is no such file or folder")
            }
            try discovery.add(path)
        }
        // An option's value may be glued to its name: `--data=orders.csv`.
        for argument in arguments {
            try discovery.add(argument)
            if argument.hasPrefix("-"), let equals = argument.firstIndex(of: "=") {
                try discovery.add(String(argument[argument.index(after: equals)...]))
            }
        }
        for path in inspection.plan.inputPaths { try discovery.add(path) }
        for path in inspection.plan.mentionedPaths { try discovery.addMentioned(path) }
        for pattern in inspection.plan.inputPatterns { try discovery.addMatches(of: pattern) }
        for path in inspection.plan.writtenPaths { try discovery.addWritten(path) }
        for module in inspection.modules { discovery.insert(module.file) }
        discovery.files[inspection.script.path] = nil
        return discovery.files.values.sorted { $0.path < $1.path }
    }

    private mutating func add(_ path: String) throws {
        guard !path.isEmpty, path.utf8.count < Int(PATH_MAX) else { return }
        let absolute = Path.absolute(path, in: folder)
        if let file = LocalFile(path: absolute) {
            insert(file)
            if file.isDirectory { try addContents(of: absolute) }
        } else if path.contains(where: { "*?[".contains($0) }) {
            try addMatches(of: path)
        }
        try checkCount()
    }

    /// Any text of the script may be the name of a file; only one that is there, and no folder, is taken for it.
    private mutating func addMentioned(_ text: String) throws {
        guard let file = LocalFile(path: Path.absolute(text, in: folder)), !file.isDirectory else { return }
        insert(file)
        try checkCount()
    }

    private mutating func addMatches(of pattern: String) throws {
        let absolute = Path.absolute(pattern, in: folder)
        // `**` is Python's; the shell's own patterns stay within one folder.
        if let range = absolute.range(of: "/**") {
            try addContents(of: String(absolute[..<range.lowerBound]))
        } else {
            for match in Path.expand(absolute) { try add(match) }
        }
    }

    /// A file that the script changes or replaces is there before it starts, and so is the folder of a new one.
    private mutating func addWritten(_ path: String) throws {
        try add(path)
        let parent = Path.absolute(path, in: folder).parentPath
        if parent.hasPrefix(folder + "/"), let place = LocalFile(path: parent) { insert(place) }
    }

    private mutating func addContents(of directory: String) throws {
        guard let paths = FileManager.default.enumerator(atPath: directory) else { return }
        for case let path as String in paths {
            if let file = LocalFile(path: directory + "/" + path) { insert(file) }
            try checkCount()
        }
    }

    private mutating func insert(_ file: LocalFile) { files[file.path] = file }

    private func checkCount() throws {
        guard files.count <= Limits.inputFiles else {
            throw CommandError.refused(
                "the script names folders with more than \(Limits.inputFiles) files; run it in a folder of its own")
        }
    }
}
