import Foundation

/// A bare Python process that answers every frame of 100 bytes, one at a time: what a pipe with Python at its other end
/// can do.
enum PipeLimit {
    private static let program = """
        import os
        while data := os.read(0, 1 << 16):
            os.write(1, data)
        """

    static func measure(python: String, roundTrips: Int = 20_000) throws -> [BenchFigure] {
        let process = Process()
        let (to, from) = (Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [python, "-I", "-c", program]
        process.standardInput = to
        process.standardOutput = from
        try process.run()
        let (sink, source) = (to.fileHandleForWriting, from.fileHandleForReading)
        let frame = Data(repeating: 7, count: 100)
        func echo() throws {
            try sink.write(contentsOf: frame)
            var left = frame.count
            while left > 0 {
                guard let piece = try source.read(upToCount: left), !piece.isEmpty else {
                    throw CommandError.failure("the Python of the benchmark has ended")
                }
                left -= piece.count
            }
        }
        // The first answer comes when the interpreter has started.
        try echo()
        let seconds = try ContinuousClock().measure {
            for _ in 0..<roundTrips { try echo() }
        }.seconds
        try sink.close()
        process.waitUntilExit()
        return [BenchFigure("bare Python pipe, one frame at a time", Double(roundTrips) / seconds, "round trips/s")]
    }
}
