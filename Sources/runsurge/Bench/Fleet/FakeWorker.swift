import Foundation
import RunSurgeCore
import RunSurgeProtocol
import ZeroMQ

/// A worker that speaks RSP/1 over sockets of its own and computes nothing: chunks are done as they come, a driver
/// offers one loop of as many chunks as its job's argument says. Lives on one thread.
final class FakeWorker {
    struct Settings {
        let endpoint: String
        let token: String
        let slots: UInt32
        /// Chunks that may be on their way or unacknowledged.
        let prefetch: Int
    }

    private static let messageLimit = MessageLimit(frames: 1, bytes: Limits.frameBytes)

    private let settings: Settings
    private let name: String
    private let session = UInt64.random(in: 1 ... .max)
    private let work: Socket
    private let heartbeats: Socket
    private let note: (FleetNote) -> Void
    /// Shared by all workers of the process.
    private let push: (Frame) throws -> Void
    private var node: Int64 = 0
    private(set) var isAttached = false
    private var sequence: UInt64 = 0
    private var beats: UInt64 = 0
    /// Leases whose results are not acknowledged.
    private var held = HeldChunks()
    private var driver: FakeDriver?
    private var results: [WireResult] = []
    private var mustPull = false

    init(
        _ number: Int, _ settings: Settings, context: Context, push: @escaping (Frame) throws -> Void,
        note: @escaping (FleetNote) -> Void
    ) throws {
        name = "fake-\(getpid())-\(number)"
        self.settings = settings
        self.push = push
        self.note = note
        var options = SocketOptions()
        options.routingID = [1] + withUnsafeBytes(of: session.littleEndian) { Array($0) }
        options.sendHighWaterMark = 0
        work = try Socket(context, .dealer)
        try work.apply(options)
        try work.connect(settings.endpoint)
        heartbeats = try Socket(context, .pub)
        try hello()
    }

    var descriptor: Int32 { get throws { try work.descriptor } }

    // MARK: Turns

    /// Takes what has come, and answers.
    func receive() throws {
        repeat {
            while let message = try work.receive(limit: Self.messageLimit) {
                guard let frame = message.frames.last else { continue }
                try take(FrameCodec.decode(WireMasterMessage.self, from: frame))
            }
            try pushResults()
            // A send may have swallowed the signal of what came meanwhile.
        } while try pull()
    }

    /// Once a second: renews the leases, and tells that it lives.
    func beat() throws {
        guard isAttached else { return try hello() }
        beats += 1
        var beat = WireHeartbeat()
        beat.session = session
        beat.nodeID = node
        beat.nodeName = name
        beat.sequence = beats
        beat.slots = settings.slots
        beat.memoryBytes = 1 << 30
        try heartbeats.send([Array("node/\(node)".utf8), try FrameCodec.encode(beat)])
        mustPull = true
        try receive()
    }

    // MARK: Out

    private func send(_ body: WireWorkerMessage.OneOf_Body) throws {
        var message = WireWorkerMessage()
        message.session = session
        message.body = body
        try work.send([FrameCodec.encode(message)])
    }

    private func hello() throws {
        var hello = WireHello()
        hello.lowestVersion = FrameCodec.versions.lowerBound
        hello.highestVersion = FrameCodec.versions.upperBound
        hello.nodeName = name
        hello.workerToken = settings.token
        hello.slots = settings.slots
        hello.memoryBytes = 1 << 30
        hello.pythonVersion = "3"
        try send(.hello(hello))
    }

    private func pull() throws -> Bool {
        guard mustPull, isAttached else { return false }
        mustPull = false
        sequence += 1
        var pull = WirePull()
        pull.freeSlots = settings.slots
        pull.prefetch = UInt32(max(0, settings.prefetch - held.count))
        pull.freeMemoryBytes = 1 << 30
        pull.held = held.tokens
        if let driver { pull.held.append(driver.token) }
        pull.sequence = sequence
        try send(.pull(pull))
        return true
    }

    private func pushResults() throws {
        for start in stride(from: 0, to: results.count, by: Limits.resultBatchItems) {
            var batch = WireResultBatch()
            batch.session = session
            batch.results = Array(results[start..<min(results.count, start + Limits.resultBatchItems)])
            try push(FrameCodec.encode(batch))
        }
        results.removeAll(keepingCapacity: true)
    }

    // MARK: In

    private func take(_ message: WireMasterMessage) throws {
        switch message.body {
        case .welcome(let welcome):
            guard !isAttached else { return }
            isAttached = true
            node = welcome.nodeID
            try heartbeats.connect(welcome.heartbeatsEndpoint)
            note(.welcomed(results: welcome.resultsEndpoint))
            mustPull = true
        case .refuse(let refusal): throw CommandError.failure("a fake worker was refused: \(refusal.reason)")
        case .assign(let assign):
            for item in assign.items { try run(item) }
            mustPull = true
        case .ack(let ack):
            for result in ack.results {
                held.remove(result.lease)
                if result.lease == driver?.token { driver = nil }
            }
            mustPull = mustPull || !ack.results.isEmpty
        case .cancel(let cancel): for lease in cancel.leases { held.remove(lease) }
        case .regionAnswer(let answer): try step { try $0.answered(answer) }
        case .regionResults(let outcomes): try step { try $0.take(outcomes) }
        case .drain, nil: return
        }
    }

    private func run(_ item: WireWorkItem) throws {
        switch item.work {
        case .driver(let work):
            let started = FakeDriver(token: item.lease, work: work)
            driver = started
            try send(.regionRequest(started.request))
        case .chunk(let chunk):
            held.insert(item.lease)
            var result = WireResult()
            result.lease = item.lease
            result.chunk = .with {
                $0.chunkIndex = item.lease.chunkIndex
                $0.status = .completed
                $0.records = chunk.lastUnit - chunk.firstUnit
                $0.firstUnit = chunk.firstUnit
                $0.lastUnit = chunk.lastUnit
                $0.effects.inline = Self.effects
                $0.wallMicroseconds = 10
                $0.cpuMicroseconds = 10
                $0.peakBytes = 20 << 20
            }
            results.append(result)
        case nil: return
        }
    }

    /// About what a chunk without effects really sends.
    private static let effects = Data(repeating: 7, count: 40)

    private func step(_ body: (inout FakeDriver) throws -> [WireWorkerMessage.OneOf_Body]) throws {
        guard var running = driver else { return }
        for message in try body(&running) { try send(message) }
        driver = running
        guard let report = running.report else { return }
        note(.finished(report))
        var result = WireResult()
        result.lease = running.token
        result.driver = running.outcome
        results.append(result)
    }
}

/// Chunks that a fake worker has answered, until the answer is acknowledged.
private struct HeldChunks {
    private var leases: [Int64: WireLeaseToken] = [:]

    var count: Int { leases.count }
    var tokens: [WireLeaseToken] { Array(leases.values) }

    mutating func insert(_ lease: WireLeaseToken) { leases[lease.chunkIndex] = lease }

    mutating func remove(_ lease: WireLeaseToken) {
        if lease.regionID != 0 { leases[lease.chunkIndex] = nil }
    }
}
