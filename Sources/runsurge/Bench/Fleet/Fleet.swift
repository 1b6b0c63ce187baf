import Foundation

/// Processes of fake workers, started for a benchmark and ended with it.
final class Fleet: Sendable {
    /// Sockets that one process may have by the usual limit on descriptors.
    private static let workersPerProcess = 2_500

    /// Work and heartbeats; one for results is shared by all of a process.
    static let connectionsPerWorker = 2

    private let processes: [(process: Process, input: Pipe)]
    private let lines: AsyncStream<String>

    private init(_ processes: [(process: Process, input: Pipe)], _ lines: AsyncStream<String>) {
        self.processes = processes
        self.lines = lines
    }

    /// Starts the workers and waits until all are attached.
    static func start(_ master: MasterProcess, workers: Int, slots: Int, prefetch: Int) async throws -> Fleet {
        guard let endpoint = master.local?.work else { throw CommandError.failure("the master can't be reached") }
        let (lines, arrived) = AsyncStream.makeStream(of: String.self)
        var processes: [(process: Process, input: Pipe)] = []
        var left = workers
        while left > 0 {
            let count = min(left, workersPerProcess)
            left -= count
            processes.append(
                try start(
                    endpoint,
                    ["--workers", "\(count)", "--slots", "\(slots)", "--prefetch", "\(prefetch)"], arrived))
        }
        let fleet = Fleet(processes, lines)
        var attached = 0
        for await line in lines where line == "attached" {
            attached += 1
            if attached == processes.count { return fleet }
        }
        throw CommandError.failure("the fake workers have ended")
    }

    private static func start(
        _ endpoint: String, _ arguments: [String], _ lines: AsyncStream<String>.Continuation
    ) throws -> (process: Process, input: Pipe) {
        let process = Process()
        let (input, output) = (Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = ["bench", "fleet", "--connect", endpoint] + arguments
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        let handle = output.fileHandleForReading
        Thread {
            var rest = Data()
            var piece = [UInt8](repeating: 0, count: 1 << 16)
            // `FileHandle.read` would wait until all of it is filled.
            while case let count = read(handle.fileDescriptor, &piece, piece.count), count > 0 {
                rest += piece[..<count]
                while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                    lines.yield(String(decoding: rest[rest.startIndex..<end], as: UTF8.self))
                    rest = Data(rest[(end + 1)...])
                }
            }
            lines.finish()
        }.start()
        return (process, input)
    }

    /// What the next driver to finish has measured.
    func report() async throws -> FleetReport {
        for await line in lines {
            return try JSONDecoder().decode(FleetReport.self, from: Data(line.utf8))
        }
        throw CommandError.failure("the fake workers have ended")
    }

    var residentBytes: Int64 {
        processes.reduce(0) { $0 + (ProcessUsage(of: $1.process.processIdentifier)?.residentBytes ?? 0) }
    }

    func stop() {
        for (process, input) in processes {
            try? input.fileHandleForWriting.close()
            process.waitUntilExit()
        }
    }
}
