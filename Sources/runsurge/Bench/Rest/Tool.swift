import Foundation

/// A program of the machine that a benchmark lets run to its end.
enum Tool {
    /// - Returns: what it has printed.
    /// - Throws: `CommandError` naming what to install, or why it failed.
    static func run(_ name: String, _ arguments: [String], package: String) async throws -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [name] + arguments
        process.standardOutput = output
        process.standardError = output
        let (ends, end) = AsyncStream.makeStream(of: Int32.self)
        process.terminationHandler = {
            end.yield($0.terminationStatus)
            end.finish()
        }
        try process.run()
        let read = Task.detached { try output.fileHandleForReading.readToEnd() ?? Data() }
        let text = String(decoding: try await read.value, as: UTF8.self)
        let status = await ends.first { _ in true }
        guard status == 0 else {
            if status == 127 { throw CommandError.failure("\(name) is not installed: apt-get install \(package)") }
            throw CommandError.failure("\(name) ended with status \(status ?? -1): \(text.suffix(500))")
        }
        return text
    }
}
