import Foundation
import Testing

/// One folder of `Scripts`: an ordinary script with its data.
///
/// `make.py` there generates more data, `arguments` holds the command-line arguments as a shell would read them,
/// `standard_input` the name of the file to read. A loop whose line ends with `# split` must really be split when
/// RunSurge is told to split whatever it can prove.
struct ScriptCase: Sendable, CustomTestStringConvertible {
    let name: String
    let folder: URL

    static let all: [ScriptCase] = {
        let scripts = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Scripts")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: scripts.path)) ?? []
        return names.sorted().map { ScriptCase(name: $0, folder: scripts.appending(path: $0)) }
    }()

    var testDescription: String { name }

    var arguments: [String] {
        get throws {
            let text = try String(contentsOf: folder.appending(path: "arguments"), encoding: .utf8)
            var arguments: [String] = []
            var isQuoted = false
            var current = ""
            for character in text {
                switch character {
                case "'": isQuoted.toggle()
                case " " where !isQuoted, "\n" where !isQuoted:
                    if !current.isEmpty { arguments.append(current) }
                    current = ""
                default: current.append(character)
                }
            }
            return arguments
        }
    }

    var argumentsOrNone: [String] { (try? arguments) ?? [] }

    var standardInputName: String? {
        (try? String(contentsOf: folder.appending(path: "standard_input"), encoding: .utf8))?
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Lines, from 1, of the loops that must be split.
    var splitLines: Set<Int> {
        get throws {
            let text = try String(contentsOf: folder.appending(path: "script.py"), encoding: .utf8)
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            return Set(lines.indices.filter { lines[$0].hasSuffix("# split") }.map { $0 + 1 })
        }
    }

    /// Puts the script and its data into an empty folder at `place`.
    /// - Parameter time: when each of its files seems to have been written; Python keeps that in what it caches.
    func prepare(at place: URL, time: Date, logs: URL) async throws {
        try? FileManager.default.removeItem(at: place)
        try FileManager.default.copyItem(at: folder, to: place)
        for extra in ["arguments", "standard_input"] {
            try? FileManager.default.removeItem(at: place.appending(path: extra))
        }
        try await make(at: place, logs: logs)
        for name in try FileManager.default.subpathsOfDirectory(atPath: place.path) {
            let path = place.appending(path: name).path
            try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: path)
        }
    }

    private func make(at place: URL, logs: URL) async throws {
        let maker = place.appending(path: "make.py")
        guard FileManager.default.fileExists(atPath: maker.path) else { return }
        let made = try await ChildProcess("/usr/bin/env", ["python3", "make.py"], folder: place, logs: logs).finish()
        guard made.status == 0 else { throw ScriptCaseError.makeFailed(String(decoding: made.error, as: UTF8.self)) }
        try FileManager.default.removeItem(at: maker)
    }
}

enum ScriptCaseError: Error {
    case makeFailed(String)
}
