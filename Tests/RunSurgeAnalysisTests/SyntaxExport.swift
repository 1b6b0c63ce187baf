import Foundation

@testable import RunSurgeAnalysis

/// Runs the repository's own `export.py` over many sources in one Python process.
enum SyntaxExporter {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    static let folder = URL(filePath: #filePath)
        .deletingLastPathComponent().appending(path: "../../Sources/RunSurgeWorker/Python").standardized

    private static let loop = """
        import base64, json, sys
        sys.dont_write_bytecode = True
        sys.path.insert(0, sys.argv[1])
        import export, warnings
        warnings.simplefilter("ignore")
        answers = []
        for request in json.load(sys.stdin):
            files = [export.export(request["path"], None, request["source"].encode())]
            files += [export.export(name + ".py", name, text.encode()) for name, text in request["modules"].items()]
            answers.append({"python": "%d.%d.%d" % sys.version_info[:3], "files": files})
        json.dump(answers, sys.stdout)
        """

    /// The answers of `export.py`, in order.
    static func export(_ scripts: [(source: String, modules: [String: String])]) throws -> [[UInt8]] {
        let requests = scripts.map {
            ["path": "/job/script.py", "source": $0.source, "modules": $0.modules] as [String: Any]
        }
        let output = try run(["-c", loop, folder.path], input: try JSONSerialization.data(withJSONObject: requests))
        guard let answers = try JSONSerialization.jsonObject(with: output) as? [[String: Any]] else {
            throw Failure(description: "export.py answered \(String(decoding: output.prefix(200), as: UTF8.self))")
        }
        return try answers.map { Array(try JSONSerialization.data(withJSONObject: $0)) }
    }

    /// One script through `export.py` as the worker runs it.
    static func exportAlone(_ source: String) throws -> [UInt8] {
        let request: [String: Any] = [
            "script": ["path": "/job/script.py", "source_b64": Data(source.utf8).base64EncodedString()], "modules": [],
        ]
        let script = folder.appending(path: "export.py").path
        let text = try JSONSerialization.data(withJSONObject: request)
        let frame = withUnsafeBytes(of: UInt32(text.count).littleEndian) { Data($0) } + text
        return Array(try run([script], input: frame).dropFirst(4))
    }

    private static func run(_ arguments: [String], input: Data) throws -> Data {
        let place = FileManager.default.temporaryDirectory.appending(path: "analysis-\(UUID().uuidString)")
        try input.write(to: place)
        defer { try? FileManager.default.removeItem(at: place) }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3"] + arguments
        process.standardInput = try FileHandle(forReadingFrom: place)
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(description: "python3 ended with \(process.terminationStatus)")
        }
        return data
    }
}
