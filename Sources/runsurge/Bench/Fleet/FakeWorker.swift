import Foundation
import RunSurgeCore
import RunSurgeProtocol
import ZeroMQ

/// A worker that speaks RSP/1 over sockets of its own and computes nothing: chunks are done as they come, a driver
/// offers one loop of as many chunks as its job's argument says. Lives on one thread.
final class FakeWorker {
    struct Settings {
        let endpoint: String
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
    private var batch = WireResultBatch()
    private var results = 0
    private var mustPull = false
    /// Chunks acknowledged since the last Pull.
    private var acknowledged = 0

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

    /// A Pull at least each this many beats, as a worker sends.
    private static let beatsPerPull: UInt64 = 5

    /// Once a second: tells that it lives, and now and then renews the leases.
    func beat() throws {
        guard isAttached else {
            try hello()
            // Only what was looked at in vain is signalled: without this the descriptor would stay silent for good.
            return try receive()
        }
        beats += 1
        var beat = WireHeartbeat()
        beat.session = session
        beat.nodeID = node
        beat.nodeName = name
        beat.sequence = beats
        beat.slots = settings.slots
        beat.memoryBytes = 1 << 30
        try heartbeats.send([Array("node/\(node)".utf8), try FrameCodec.encode(beat)])
        mustPull = mustPull || beats.isMultiple(of: Self.beatsPerPull)
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
        hello.slots = settings.slots
        hello.memoryBytes = 1 << 30
        hello.pythonVersion = "3"
        try send(.hello(hello))
    }

    private func pull() throws -> Bool {
        guard mustPull, isAttached else { return false }
        mustPull = false
        acknowledged = 0
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
        guard results > 0 else { return }
        batch.session = session
        try push(FrameCodec.encode(batch))
        batch = WireResultBatch()
        results = 0
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
        case .ack(let ack):
            for result in ack.results {
                acknowledged += held.remove(result.lease)
                if result.lease == driver?.token {
                    driver = nil
                    mustPull = true
                }
            }
            // What was assigned is known to the master; room is worth a message when there is some of it.
            mustPull = mustPull || held.count == 0 || acknowledged >= settings.prefetch / 4
        case .cancel(let cancel): for lease in cancel.leases { _ = held.remove(lease) }
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
            let count = try item.lease.leases
            if results + Int(count) > Limits.resultBatchItems { try pushResults() }
            results += Int(count)
            try batch.runs.append(Self.done(item.lease, chunk.ranges(count: count)))
        case nil: return
        }
    }

    /// What chunks without effects tell, about.
    private static func done(_ lease: WireLeaseToken, _ ranges: [Range<Int64>]) -> WireResultRun {
        func all(_ value: Int64) -> [Int64] { [Int64](repeating: value, count: ranges.count) }
        var run = WireResultRun()
        run.lease = lease
        run.outcomes.firstChunk = lease.chunkIndex
        run.outcomes.units = ranges.map(\.lowerBound) + [ranges[ranges.count - 1].upperBound]
        run.outcomes.records = all(1)
        run.outcomes.wallMicroseconds = all(10)
        run.outcomes.cpuMicroseconds = all(10)
        run.outcomes.peakBytes = all(20 << 20)
        run.outcomes.effectSizes = all(40)
        run.outcomes.effects = Data(repeating: 7, count: 40 * ranges.count)
        return run
    }

    private func step(_ body: (inout FakeDriver) throws -> [WireWorkerMessage.OneOf_Body]) throws {
        guard var running = driver else { return }
        for message in try body(&running) { try send(message) }
        driver = running
        guard let report = running.report else { return }
        note(.finished(report))
        var result = WireResult()
        result.lease = running.token
        result.driver = running.outcome
        batch.results.append(result)
        results += 1
    }
}

/// Chunks that a fake worker has answered, until the answer is acknowledged, as runs.
private struct HeldChunks {
    private(set) var tokens: [WireLeaseToken] = []
    private(set) var count = 0

    mutating func insert(_ lease: WireLeaseToken) {
        tokens.append(lease)
        tokens[tokens.count - 1].count = max(1, lease.count)
        count += Int(max(1, lease.count))
    }

    /// Cuts what `lease` counts out of the runs.
    /// - Returns: how many chunks that were.
    mutating func remove(_ lease: WireLeaseToken) -> Int {
        let before = count
        cut(lease)
        return before - count
    }

    private mutating func cut(_ lease: WireLeaseToken) {
        guard lease.regionID != 0 else { return }
        let gone = lease.chunkIndex..<(lease.chunkIndex + max(1, lease.count))
        var position = 0
        while position < tokens.count {
            let run = tokens[position]
            let both = (run.chunkIndex..<(run.chunkIndex + run.count)).clamped(to: gone)
            guard run.regionID == lease.regionID, !both.isEmpty else {
                position += 1
                continue
            }
            count -= both.count
            let rest = [run.chunkIndex..<both.lowerBound, both.upperBound..<(run.chunkIndex + run.count)]
                .filter { !$0.isEmpty }
            tokens.replaceSubrange(position...position, with: rest.map { part in run.cut(to: part) })
            position += rest.count
            if both.count == gone.count { return }
        }
    }
}

extension WireLeaseToken {
    fileprivate func cut(to part: Range<Int64>) -> WireLeaseToken {
        var token = self
        token.chunkIndex = part.lowerBound
        token.count = Int64(part.count)
        return token
    }
}
