import Foundation
import RunSurgeCore
import RunSurgeProtocol
import Synchronization
import ZeroMQ

/// A worker agent that speaks RSP/1 over real sockets and computes nothing: drivers ask for one region and consume
/// it, chunks are done at once.
actor FakeWorker {
    struct Options: Sendable {
        var name = "fake"
        var slots: UInt32 = 2
        var prefetch: UInt32 = 64
        var curve: CurveRole?
        /// The name of its connection; nil: one that libzmq makes up.
        var routingID: Frame?
        var units: Int64 = 100
        var cuts: [Int64] = []
        /// Chunks that never answer.
        var silentChunks: Set<Int64> = []
        var effects: [UInt8] = [1, 2, 3]
        var lowestVersion: UInt32 = 1
        var highestVersion: UInt32 = 1
    }

    private let options: Options
    private let sockets: SocketThread
    private let endpoints: (work: String, results: String)
    private(set) var session: UInt64
    private var work: SocketHandle?
    private var results: SocketHandle?
    private(set) var welcome: WireWelcome?
    private(set) var refusal: WireRefuse?
    private(set) var held: [LeaseToken] = []
    private(set) var unacknowledged: [LeaseToken: WireResult] = [:]
    private(set) var verdicts: [LeaseToken: ResultVerdict] = [:]
    private(set) var cancelled: [LeaseToken] = []
    private(set) var committed: [RegionID: [Int64]] = [:]
    private(set) var logPositions: [WireLogPosition] = []
    private(set) var largestHeld = 0
    /// How often it was told to take nothing more.
    private(set) var drains = 0
    private var regions: [RegionID: (driver: LeaseToken, chunks: Int64, job: Int64)] = [:]
    private var sequence: UInt64 = 0
    private var receiving: Task<Void, Never>?

    init(_ options: Options = Options(), sockets: SocketThread, work: String, results: String, session: UInt64) {
        self.options = options
        self.sockets = sockets
        endpoints = (work, results)
        self.session = session
    }

    func start() async throws {
        var settings = SocketOptions()
        settings.curve = options.curve
        results = try await sockets.open(
            SocketConfiguration(.push, connect: [endpoints.results], options: settings))
        settings.routingID = options.routingID
        let work = try await sockets.open(SocketConfiguration(.dealer, connect: [endpoints.work], options: settings))
        self.work = work
        receiving = Task {
            while let batch = await work.messages.nextBatch() {
                self.receive(batch.compactMap { $0.frames.first })
            }
        }
        try hello()
    }

    /// As a process that is killed: nothing is said to anybody.
    func kill() async {
        receiving?.cancel()
        try? await work?.close()
        try? await results?.close()
        (work, results) = (nil, nil)
    }

    /// As after a lost connection: a new session with what is held.
    func reconnect(session: UInt64) async throws {
        await kill()
        self.session = session
        sequence = 0
        welcome = nil
        try await start()
    }

    /// What another session of the same worker held.
    func adopt(_ tokens: [LeaseToken]) { held = tokens }

    func sendRaw(_ frames: [Frame]) throws { try work?.send(frames) }
    func sendRawResult(_ frame: Frame) throws { try results?.send([frame]) }

    func goodbye() throws {
        var message = WireWorkerMessage()
        message.session = session
        message.goodbye = WireGoodbye()
        try work?.send([FrameCodec.encode(message)])
    }

    func resendAll() throws {
        guard !unacknowledged.isEmpty else { return }
        try push(Array(unacknowledged.values))
    }

    func sendLog(_ text: String, offset: Int64, driver: LeaseToken) throws {
        var segment = WireLogSegment()
        segment.driver = driver.wire
        segment.stream = .standardOutput
        segment.offset = offset
        segment.data = Data(text.utf8)
        var batch = WireResultBatch()
        batch.session = session
        batch.logs = [segment]
        try results?.send([FrameCodec.encode(batch)])
    }

    // MARK: Out

    private func hello() throws {
        var hello = WireHello()
        hello.lowestVersion = options.lowestVersion
        hello.highestVersion = options.highestVersion
        hello.nodeName = options.name
        hello.slots = options.slots
        hello.memoryBytes = 4 << 30
        hello.pythonVersion = "3.11.2"
        hello.held = held.map(\.wire)
        try send { $0.hello = hello }
    }

    func pull() throws {
        guard welcome != nil else { return }
        sequence += 1
        let waiting = UInt32(held.count { !$0.key.isDriver && unacknowledged[$0] == nil })
        var pull = WirePull()
        pull.freeSlots = options.slots - min(options.slots, waiting)
        pull.prefetch = options.prefetch - min(options.prefetch, waiting - min(waiting, options.slots))
        pull.freeMemoryBytes = 4 << 30
        pull.held = held.map(\.wire)
        pull.sequence = sequence
        try send { $0.pull = pull }
    }

    private func send(_ fill: (inout WireWorkerMessage) -> Void) throws {
        var message = WireWorkerMessage()
        message.session = session
        fill(&message)
        try work?.send([FrameCodec.encode(message)])
    }

    private func push(_ finished: [WireResult]) throws {
        for start in stride(from: 0, to: finished.count, by: Limits.resultBatchItems) {
            var batch = WireResultBatch()
            batch.session = session
            batch.results = Array(finished[start..<min(finished.count, start + Limits.resultBatchItems)])
            try results?.send([FrameCodec.encode(batch)])
        }
    }

    // MARK: In

    private func receive(_ frames: [Frame]) {
        var finished: [WireResult] = []
        do {
            for frame in frames {
                try receive(FrameCodec.decode(WireMasterMessage.self, from: frame), &finished)
            }
            if !finished.isEmpty { try push(finished) }
            try pull()
        } catch {
            // The socket is being closed under it.
        }
    }

    private func receive(_ message: WireMasterMessage, _ finished: inout [WireResult]) throws {
        switch message.body {
        case .welcome(let welcome): try welcomed(welcome)
        case .refuse(let refusal): self.refusal = refusal
        case .assign(let assign): for item in assign.items { try run(item, &finished) }
        case .ack(let ack):
            logPositions += ack.logs
            for result in ack.results {
                for token in try LeaseToken.expanding([result.lease]) {
                    verdicts[token] = try ResultVerdict(wire: result.verdict)
                    unacknowledged[token] = nil
                    held.removeAll { $0 == token }
                }
            }
        case .cancel(let cancel):
            let tokens = try LeaseToken.expanding(cancel.leases)
            cancelled += tokens
            held.removeAll { tokens.contains($0) }
            for token in tokens { unacknowledged[token] = nil }
        case .regionAnswer(let answer): try answered(answer, &finished)
        case .regionResults(let results): try consume(results, &finished)
        case .drain: drains += 1
        case nil: break
        }
    }

    private func welcomed(_ welcome: WireWelcome) throws {
        self.welcome = welcome
        let lost = try LeaseToken.expanding(welcome.cancel)
        held.removeAll { lost.contains($0) }
        for token in lost { unacknowledged[token] = nil }
        for (region, state) in regions where held.contains(state.driver) { try progress(region, state.driver) }
        try resendAll()
    }

    private func run(_ item: WireWorkItem, _ finished: inout [WireResult]) throws {
        let tokens = try LeaseToken.expanding([item.lease])
        held += tokens
        largestHeld = max(largestHeld, held.count { !$0.key.isDriver && unacknowledged[$0] == nil })
        switch item.work {
        case .driver: try startDriver(tokens[0], &finished)
        case .chunk(let chunk):
            for (token, range) in zip(tokens, try chunk.ranges(count: Int64(tokens.count)))
            where !options.silentChunks.contains(token.key.chunk) {
                finish(token, .chunk(outcome(of: token, range)), &finished)
            }
        case nil: break
        }
    }

    private func outcome(of token: LeaseToken, _ range: Range<Int64>) -> WireChunkOutcome {
        ChunkOutcome(
            index: token.key.chunk, status: .completed, records: Int64(range.count), range: range,
            effects: .inline(options.effects), reason: "", variable: "",
            line: 1, wallMicroseconds: 10, cpuMicroseconds: 10, peakBytes: 20 << 20
        ).wire
    }

    private func finish(_ token: LeaseToken, _ outcome: WireResult.OneOf_Outcome, _ finished: inout [WireResult]) {
        var result = WireResult()
        result.lease = token.wire
        result.outcome = outcome
        unacknowledged[token] = result
        finished.append(result)
    }

    // MARK: The driver

    private func startDriver(_ token: LeaseToken, _ finished: inout [WireResult]) throws {
        guard options.units > 0 else { return endDriver(token, &finished) }
        var request = WireRegionRequest()
        request.driver = token.wire
        request.request = 1
        request.node = 5
        request.line = 3
        request.digest = Data(repeating: 7, count: 32)
        request.sourceJson = Data("{}".utf8)
        request.modesJson = Data("{}".utf8)
        request.lastUnit = options.units
        request.cuts = options.cuts
        request.secondsPerUnit = 0.01
        request.bytesPerUnit = 10
        try send { $0.regionRequest = request }
    }

    private func answered(_ answer: WireRegionAnswer, _ finished: inout [WireResult]) throws {
        let driver = try LeaseToken(wire: answer.driver)
        guard held.contains(driver) else { return }
        guard answer.regionID != 0 else { return endDriver(driver, &finished) }
        let region = RegionID(answer.regionID)
        regions[region] = (driver, answer.chunks, answer.driver.jobID)
        committed[region] = committed[region] ?? []
        try progress(region, driver)
    }

    private func consume(_ results: WireRegionResults, _ finished: inout [WireResult]) throws {
        let region = RegionID(results.regionID)
        guard let state = regions[region], held.contains(state.driver), results.driver == state.driver.wire else {
            return
        }
        for outcome in try results.allOutcomes where outcome.index == Int64(committed[region]?.count ?? 0) {
            committed[region]?.append(outcome.index)
        }
        try progress(region, state.driver)
        guard Int64(committed[region]?.count ?? 0) == state.chunks else { return }
        var close = WireRegionClose()
        close.driver = state.driver.wire
        close.regionID = region.rawValue
        close.committed = state.chunks
        close.records = options.units
        try send { $0.regionClose = close }
        regions[region] = nil
        endDriver(state.driver, &finished)
    }

    private func progress(_ region: RegionID, _ driver: LeaseToken) throws {
        var progress = WireRegionProgress()
        progress.driver = driver.wire
        progress.regionID = region.rawValue
        progress.committed = Int64(committed[region]?.count ?? 0)
        progress.windowBytes = 8 << 20
        try send { $0.regionProgress = progress }
    }

    private func endDriver(_ token: LeaseToken, _ finished: inout [WireResult]) {
        var outcome = WireDriverOutcome()
        outcome.status = .completed
        outcome.exitStatus = 3
        outcome.standardOutput = BlobReference.empty.wire
        outcome.standardError = BlobReference.empty.wire
        outcome.regionsJson = Data(#"[{"node": 5, "line": 3, "kind": "for", "chunks": 4, "parallel": true}]"#.utf8)
        outcome.wallMicroseconds = 1_000_000
        outcome.cpuMicroseconds = 500_000
        outcome.peakBytes = 30 << 20
        outcome.missingInputs = ["/job/x.csv"]
        finish(token, .driver(outcome), &finished)
    }
}
