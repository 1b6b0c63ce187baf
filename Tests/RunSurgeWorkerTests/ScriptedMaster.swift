import RunSurgeCore
import RunSurgeProtocol
import Testing
import ZeroMQ

@testable import RunSurgeWorker

/// The other end of the wire: real sockets, and a test that says what to answer.
actor ScriptedMaster {
    let sockets: SocketThread
    let work: SocketHandle
    private let results: SocketHandle
    private let heartbeats: SocketHandle
    private let events: SocketHandle
    private var tasks: [Task<Void, Never>] = []

    private(set) var term: Int64
    private(set) var peer: [UInt8]?
    private(set) var session: UInt64 = 0
    private(set) var hellos: [WireHello] = []
    private(set) var pulls: [WirePull] = []
    /// Sessions in which the agent has asked for work.
    private(set) var attachments = 0
    private(set) var nacks: [WireNack] = []
    private(set) var requests: [WireRegionRequest] = []
    private(set) var progress: [WireRegionProgress] = []
    private(set) var closes: [WireRegionClose] = []
    private(set) var goodbyes: [WireGoodbye] = []
    private(set) var received: [WireResult] = []
    private(set) var batches: [WireResultBatch] = []
    private(set) var segments: [WireLogSegment] = []
    private(set) var beats: [WireHeartbeat] = []
    private(set) var isAcknowledging = true
    var leaseMilliseconds: UInt32 = 30_000
    private var keepsEverything = true

    init(term: Int64 = 1, port: String = "*") async throws {
        self.term = term
        sockets = try SocketThread(name: "test-master")
        work = try await sockets.open(SocketConfiguration(.router, bind: ["tcp://127.0.0.1:\(port)"]))
        results = try await sockets.open(SocketConfiguration(.pull, bind: ["tcp://127.0.0.1:*"]))
        var subscriber = SocketConfiguration(.sub, bind: ["tcp://127.0.0.1:*"])
        subscriber.options.subscriptions = [[]]
        heartbeats = try await sockets.open(subscriber)
        events = try await sockets.open(SocketConfiguration(.pub, bind: ["tcp://127.0.0.1:*"]))
    }

    func start() {
        let (work, results, heartbeats) = (work, results, heartbeats)
        tasks.append(Task { for await message in work.messages { self.take(message) } })
        tasks.append(Task { for await message in results.messages { self.takeResults(message) } })
        tasks.append(
            Task {
                for await message in heartbeats.messages {
                    if let payload = message.frames.last,
                        let beat = try? FrameCodec.decode(WireHeartbeat.self, from: payload)
                    {
                        self.note(beat)
                    }
                }
            })
        tasks.append(
            Task {
                while !Task.isCancelled {
                    self.beacon()
                    try? await Task.sleep(for: .milliseconds(200))
                }
            })
    }

    func stop() async {
        for task in tasks { task.cancel() }
        await sockets.shutdown()
    }

    var endpoint: String { work.boundEndpoints[0] }
    func setAcknowledging(_ value: Bool) { isAcknowledging = value }
    func setLease(_ milliseconds: UInt32) { leaseMilliseconds = milliseconds }
    func beginTerm() { term += 1 }

    private func note(_ beat: WireHeartbeat) { beats.append(beat) }

    private func beacon() {
        var beacon = WireBeacon()
        beacon.term = term
        if let payload = try? FrameCodec.encode(beacon) { try? events.send([Array("beacon".utf8), payload]) }
    }

    func send(_ body: WireMasterMessage.OneOf_Body) throws {
        var message = WireMasterMessage()
        message.body = body
        try work.send([try #require(peer), try FrameCodec.encode(message)])
    }

    private func take(_ message: Message) {
        guard message.frames.count == 2,
            let wire = try? FrameCodec.decode(WireWorkerMessage.self, from: message.frames[1])
        else {
            Issue.record("a malformed message of the worker")
            return
        }
        switch wire.body {
        case .hello(let hello):
            hellos.append(hello)
            peer = message.frames[0]
            session = wire.session
            welcome(hello)
        case .pull(let pull):
            if pull.sequence == 1 { attachments += 1 }
            pulls.append(pull)
        case .nack(let nack): nacks.append(nack)
        case .regionRequest(let request): requests.append(request)
        case .regionProgress(let note): progress.append(note)
        case .regionClose(let close): closes.append(close)
        case .goodbye(let goodbye): goodbyes.append(goodbye)
        case .started, nil: return
        }
    }

    private func welcome(_ hello: WireHello) {
        var welcome = WireWelcome()
        welcome.version = 1
        welcome.term = term
        welcome.nodeID = 5
        welcome.resultsEndpoint = results.boundEndpoints[0]
        welcome.heartbeatsEndpoint = heartbeats.boundEndpoints[0]
        welcome.eventsEndpoint = events.boundEndpoints[0]
        welcome.leaseMilliseconds = leaseMilliseconds
        welcome.heartbeatMilliseconds = 200
        welcome.keep = hello.held
        try? send(.welcome(welcome))
    }

    private func takeResults(_ message: Message) {
        guard let payload = message.frames.last,
            let batch = try? FrameCodec.decode(WireResultBatch.self, from: payload)
        else {
            Issue.record("a malformed batch of results")
            return
        }
        batches.append(batch)
        received += batch.all
        segments += batch.logs
        guard isAcknowledging else { return }
        var ack = WireAck()
        ack.results = batch.all.map { result in
            .with {
                $0.lease = result.lease
                $0.verdict = .accepted
            }
        }
        ack.logs = batch.logs.map { log in
            .with {
                $0.jobID = log.driver.jobID
                $0.stream = log.stream
                $0.offset = log.offset + Int64(log.data.count)
                $0.epoch = log.driver.epoch
            }
        }
        try? send(.ack(ack))
    }

    func token(job: Int64, region: Int64 = 0, chunk: Int64 = 0, epoch: Int64 = 1) -> WireLeaseToken {
        .with {
            $0.jobID = job
            $0.regionID = region
            $0.chunkIndex = chunk
            $0.term = term
            $0.epoch = epoch
            $0.session = session
        }
    }

    func assignDriver(
        _ specification: JobSpecification, job: Int64 = 1, plan: String = AgentFixture.emptyPlan,
        memory: Int64 = 1 << 30,
        splitSeconds: Double = -1
    ) throws {
        let context = WireJobContext(
            job: JobID(job), specification: specification, plan: .inline(Array(plan.utf8)), traceID: "t")
        var item = WireWorkItem()
        item.lease = token(job: job)
        item.memoryBytes = memory
        item.driver.job = context
        item.driver.minSplitSeconds = splitSeconds
        try send(.assign(.with { $0.items = [item] }))
    }

    /// Lets the agent itself run a region of its driver, in chunks of `step` units.
    func assignRegion(
        _ request: WireRegionRequest, region: Int64, job specification: JobSpecification, plan: [UInt8], step: Int64,
        memory: Int64 = 512 << 20
    ) throws -> Int64 {
        let even = Array(stride(from: request.firstUnit, to: request.lastUnit, by: Int(step))) + [request.lastUnit]
        let cuts = request.cuts.isEmpty ? even : request.cuts
        var answer = WireRegionAnswer()
        answer.driver = request.driver
        answer.request = request.request
        answer.regionID = region
        answer.chunks = Int64(cuts.count - 1)
        try send(.regionAnswer(answer))
        var assign = WireAssign()
        var context = WireRegionContext()
        context.regionID = region
        context.job = WireJobContext(
            job: JobID(request.driver.jobID), specification: specification, plan: .inline(plan), traceID: "t")
        context.node = request.node
        context.sourceJson = request.sourceJson
        context.modesJson = request.modesJson
        context.environment = request.environment
        context.blobs = request.blobs
        assign.contexts = [context]
        for index in 0..<(cuts.count - 1) {
            var item = WireWorkItem()
            item.lease = token(job: request.driver.jobID, region: region, chunk: Int64(index))
            item.memoryBytes = memory
            item.chunk.firstUnit = cuts[index]
            item.chunk.lastUnit = cuts[index + 1]
            assign.items.append(item)
        }
        try send(.assign(assign))
        return answer.chunks
    }

    func chunkResults(region: Int64) -> [WireChunkOutcome] {
        received.filter { $0.lease.regionID == region }.map(\.chunk).sorted { $0.chunkIndex < $1.chunkIndex }
    }

    func sendResults(_ outcomes: [WireChunkOutcome], region: Int64, driver: WireLeaseToken) throws {
        var results = WireRegionResults()
        results.driver = driver
        results.regionID = region
        results.outcomes = outcomes
        try send(.regionResults(results))
    }

    func driverOutcome(job: Int64 = 1) -> WireDriverOutcome? {
        received.last { $0.lease.jobID == job && $0.lease.regionID == 0 }?.driver
    }
}

extension WireResultBatch {
    /// Every result by itself.
    var all: [WireResult] {
        let plain = runs.flatMap { (try? $0.results) ?? [] }.map { token, outcome in
            WireResult.with {
                $0.lease = token.wire
                $0.chunk = outcome.wire
            }
        }
        return plain + results
    }
}
