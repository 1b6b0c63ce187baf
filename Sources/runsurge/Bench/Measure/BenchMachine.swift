import Foundation

/// What figures depend on, beside the program.
struct BenchMachine: Sendable, Encodable {
    let processor: String
    let cores: Int
    let memoryBytes: UInt64
    let kernel: String
    let postgresql: String
    let python: String

    static func describe(python: String) -> BenchMachine {
        BenchMachine(
            processor: line(of: "/proc/cpuinfo", beginning: "model name"),
            cores: ProcessInfo.processInfo.activeProcessorCount,
            memoryBytes: ProcessInfo.processInfo.physicalMemory, kernel: output(of: "uname", ["-r"]),
            postgresql: output(of: "pg_config", ["--version"]), python: output(of: python, ["--version"]))
    }

    var text: String {
        "\(processor), \(cores) cores, \(MemorySize(bytes: Int64(memoryBytes))); Linux \(kernel); \(postgresql); \(python)"
    }

    private static func line(of file: String, beginning: String) -> String {
        let text = String(decoding: FileManager.default.contents(atPath: file) ?? Data(), as: UTF8.self)
        let line = text.split(separator: "\n").first { $0.hasPrefix(beginning) } ?? ""
        return line.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
    }

    /// Empty when the program can't be run.
    private static func output(of program: String, _ arguments: [String]) -> String {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return "" }
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
