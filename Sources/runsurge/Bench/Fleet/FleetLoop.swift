import Foundation
import RunSurgeCore
import RunSurgeProtocol
import ZeroMQ

/// What a fleet of fake workers tells the benchmark: a line of JSON each.
struct FleetReport: Codable, Sendable {
    let chunks: Int64
    /// From the driver's request to its answer.
    let acceptSeconds: Double
    /// From the answer until the last result was with the driver.
    let runSeconds: Double
}

/// What a fake worker tells its fleet.
enum FleetNote {
    case welcomed(results: String)
    case finished(FleetReport)
}

/// Many fake workers on one thread, each with sockets of its own.
final class FleetLoop {
    private let context: Context
    private let results: Socket
    private let ready: DescriptorSet
    private var workers: [FakeWorker] = []
    private var isConnected = false
    private var attached = 0

    init(workers count: Int) throws {
        // Two of each worker's own.
        context = try Context(sockets: Int32(2 * count + 16))
        results = try Socket(context, .push)
        var options = SocketOptions()
        options.sendHighWaterMark = 0
        try results.apply(options)
        ready = try DescriptorSet()
    }

    /// Runs until standard input ends. Prints `attached` once all workers are, then the reports.
    func run(workers count: Int, _ settings: FakeWorker.Settings) throws {
        for number in 0..<count {
            workers.append(
                try FakeWorker(
                    number, settings, context: context, push: { [unowned self] in try results.send([$0]) },
                    note: { [unowned self] in take($0) }))
            try ready.add(try workers[number].descriptor, number: number)
        }
        try ready.add(STDIN_FILENO, number: count)
        let start = ContinuousClock.now
        var beats = 0
        while try wait(until: start + .seconds(1) * Double(beats + 1) / Double(count)) {
            // The workers' heartbeats are spread over the second.
            while ContinuousClock.now >= start + .seconds(1) * Double(beats + 1) / Double(count) {
                try workers[beats % count].beat()
                beats += 1
            }
        }
    }

    /// False when standard input has ended.
    private func wait(until deadline: ContinuousClock.Instant) throws -> Bool {
        for number in ready.wait(milliseconds: Int(((deadline - .now).seconds * 1e3).rounded(.up))) {
            guard number < workers.count else { return false }
            try workers[number].receive()
        }
        return true
    }

    private func take(_ note: FleetNote) {
        switch note {
        case .welcomed(let endpoint):
            if !isConnected {
                isConnected = true
                try? results.connect(endpoint)
            }
            attached += 1
            if attached == workers.count { say("attached") }
        case .finished(let report):
            if let line = try? JSONEncoder().encode(report) { say(String(decoding: line, as: UTF8.self)) }
        }
    }

    private func say(_ line: String) {
        print(line)
        fflush(nil)
    }
}
