import Foundation
import RunSurgeCore
import RunSurgeProtocol
import RunSurgeTestStores
import Testing
import ZeroMQ

@testable import RunSurgeMaster

/// Who is let in from the network, as whom, and until when.
@Suite(.timeLimit(.minutes(2))) struct SecurityTests {
    /// A master with endpoints on the loopback interface, and the keys of its peers.
    private struct Network {
        let fixture: MasterFixture
        let enrolment: MemoryEnrolment
        let server: ServerKeys
        let configuration: MasterConfiguration

        init(enrolment: MemoryEnrolment = MemoryEnrolment(), host: String = "127.0.0.1") async throws {
            self.enrolment = enrolment
            server = ServerKeys(current: try .generate(), next: try .generate())
            var configuration = MasterFixture.configuration()
            configuration.serverKeys = server
            configuration.host = host
            self.configuration = configuration
            fixture = try await MasterFixture(enrolment: enrolment, configuration: configuration)
        }

        var endpoints: LinkEndpoints { get throws { try #require(fixture.network) } }

        func client(_ pair: CurveKeyPair) -> CurveRole { .client(keys: pair, serverKey: server.current.publicKey) }

        /// A new key that is let in.
        func enrolled(_ name: String, _ kind: KeyKind = .worker) throws -> (key: NodeKey, curve: CurveRole) {
            let pair = try CurveKeyPair.generate()
            return (try enrolment.add(pair.publicKey.bytes, kind: kind, name: name), client(pair))
        }

        func worker(
            _ curve: CurveRole?, session: UInt64, change: (inout FakeWorker.Options) -> Void = { _ in }
        ) async throws -> FakeWorker {
            var options = FakeWorker.Options()
            options.curve = curve
            change(&options)
            let endpoints = try endpoints
            let worker = FakeWorker(
                options, sockets: fixture.sockets, work: endpoints.work, results: endpoints.results, session: session)
            try await worker.start()
            return worker
        }

        func subscriber(_ curve: CurveRole?) async throws -> SocketHandle {
            var options = SocketOptions()
            options.subscriptions = [Array("beacon".utf8)]
            options.curve = curve
            return try await fixture.sockets.open(
                SocketConfiguration(.sub, connect: [try endpoints.events], options: options))
        }
    }

    @Test func anEnrolledKeyIsLetInAsItsNode() async throws {
        let network = try await Network()
        let first = try network.enrolled("first")
        let second = try network.enrolled("second")
        // Both claim the same name: what a worker says of itself counts for nothing.
        let one = try await network.worker(first.curve, session: 1)
        let two = try await network.worker(second.curve, session: 2)
        try await eventually("both welcomes") {
            let welcomes = [await one.welcome, await two.welcome]
            return welcomes.allSatisfy { $0 != nil }
        }
        #expect(await one.welcome?.nodeID == first.key.node?.rawValue)
        #expect(await two.welcome?.nodeID == second.key.node?.rawValue)
        let welcome = try #require(await one.welcome)
        #expect(
            welcome.serverKeys.map(Array.init) == [network.server.current, network.server.next].map(\.publicKey.bytes))
        #expect(welcome.resultsEndpoint == (try network.endpoints.results))
        #expect(welcome.blobToken != (await two.welcome?.blobToken))
        let job = await network.fixture.submit()
        try await eventually("completion") { await network.fixture.store.job(job)?.state == .completed }
        try await network.fixture.stop()
    }

    @Test func strangersAndPlainPeersAreTurnedAwayAtEveryEndpoint() async throws {
        let network = try await Network()
        let endpoints = try network.endpoints
        let known = try network.enrolled("known")
        let attached = try await network.worker(known.curve, session: 77)
        try await eventually("welcome") { await attached.welcome != nil }
        let node = try #require(known.key.node)

        for curve in [network.client(try .generate()), nil] {
            let stranger = try await network.worker(curve, session: 5)
            let listener = try await network.subscriber(curve)
            var options = SocketOptions()
            options.curve = curve
            let speaker = try await network.fixture.sockets.open(
                SocketConfiguration(.pub, connect: [endpoints.heartbeats], options: options))
            let monitor = try await network.subscriber(known.curve)
            try await monitor.subscribe(Array("node/".utf8))
            // Three beacons later all handshakes that can succeed have succeeded.
            var beacons = 0
            let iterator = monitor.messages.makeAsyncIterator()
            while beacons < 3, let message = await iterator.next() {
                if message.frames[0] == Array("beacon".utf8) { beacons += 1 }
                var heartbeat = WireHeartbeat()
                heartbeat.session = 77
                heartbeat.nodeID = node.rawValue
                try speaker.send([Array("node/\(node)".utf8), try FrameCodec.encode(heartbeat)])
                #expect(message.frames[0] == Array("beacon".utf8), "a heartbeat of nobody was relayed")
            }
            #expect(await stranger.welcome == nil)
            #expect(await stranger.refusal == nil)
            #expect(listener.statistics.received == 0)
            await stranger.kill()
        }
        #expect(await network.fixture.store.nodes.isEmpty)
        try await network.fixture.stop()
    }

    @Test func aMonitorsKeyIsGoodForTheEventsAlone() async throws {
        let network = try await Network()
        let monitor = try network.enrolled("monitor", .monitor)
        let worker = try await network.worker(monitor.curve, session: 3)
        let events = try await network.subscriber(monitor.curve)
        let iterator = events.messages.makeAsyncIterator()
        for _ in 0..<3 { #expect(await iterator.next()?.frames.first == Array("beacon".utf8)) }
        #expect(await worker.welcome == nil)
        try await network.fixture.stop()
    }

    @Test(arguments: [false, true]) func aRevokedWorkerIsSentAwayAndItsWorkGoesToAnother(isSilent: Bool) async throws {
        let network = try await Network(enrolment: MemoryEnrolment(isSilent: isSilent))
        let revoked = try network.enrolled("revoked")
        let worker = try await network.worker(revoked.curve, session: 1) { $0.silentChunks = [0, 1, 2] }
        let job = await network.fixture.submit()
        try await eventually("leases that are not answered") {
            let held = await worker.held
            return held.count { !$0.key.isDriver } == 3
        }
        let token = try #require(await worker.welcome?.blobToken)
        #expect(network.configuration.blobPasses.admits(token))

        _ = try await network.enrolment.revoke(.key(revoked.key.id), owner: UserID(1))

        try await eventually("the refusal") { await worker.refusal?.code == "revoked" }
        #expect(await worker.refusal?.retry == false)
        #expect(!network.configuration.blobPasses.admits(token))
        // It goes on as if it had not been told: nothing of it counts.
        try await worker.pull()
        let other = try network.enrolled("other")
        let replacement = try await network.worker(other.curve, session: 2)
        try await eventually("completion", within: .seconds(60)) {
            await network.fixture.store.job(job)?.state == .completed
        }
        #expect(await replacement.verdicts.count >= 3)
        await worker.kill()
        // A new connection is not made any more.
        let again = try await network.worker(revoked.curve, session: 9)
        let monitor = try await network.subscriber(other.curve)
        let iterator = monitor.messages.makeAsyncIterator()
        for _ in 0..<2 { _ = await iterator.next() }
        #expect(await again.welcome == nil)
        try await network.fixture.stop()
    }

    /// libzmq can't end one subscriber's connection: all are ended, and those with valid keys come back.
    @Test func aRevokedSubscriberHearsNoMore() async throws {
        let network = try await Network()
        let revoked = try network.enrolled("revoked", .monitor)
        let known = try network.enrolled("known", .monitor)
        let former = try await network.subscriber(revoked.curve)
        let watcher = try await network.subscriber(known.curve)
        try await eventually("beacons at both") {
            former.statistics.received > 0 && watcher.statistics.received > 0
        }

        _ = try await network.enrolment.revoke(.key(revoked.key.id), owner: UserID(1))

        try await eventually("three beacons for one of them alone", within: .seconds(60)) {
            let before = (former.statistics.received, watcher.statistics.received)
            try await eventually("three beacons") { watcher.statistics.received >= before.1 + 3 }
            return former.statistics.received == before.0
        }
        try await network.fixture.stop()
    }

    @Test func nobodySpeaksForAnothersSessionOrTakesItsConnection() async throws {
        let network = try await Network()
        let victim = try network.enrolled("victim")
        let thief = try network.enrolled("thief")
        let worker = try await network.worker(victim.curve, session: 1) {
            $0.silentChunks = [0]
            $0.routingID = [1, 2, 3]
        }
        let job = await network.fixture.submit()
        try await eventually("a lease that is not answered") { await worker.held.contains { !$0.key.isDriver } }
        let stolen = await worker.held

        // Under the victim's session, as whoever watches the heartbeats knows it.
        let same = try await network.worker(thief.curve, session: 1)
        // With the victim's leases, under a session of its own.
        let other = try await network.worker(thief.curve, session: 2)
        try await eventually("the thief's own session") { await other.welcome != nil }
        await other.adopt(stolen)
        try await other.reconnect(session: 4)
        try await eventually("its answer") { await other.welcome != nil }
        let welcome = try #require(await other.welcome)
        #expect(welcome.keep.isEmpty)
        #expect(await same.welcome == nil)
        #expect(await network.fixture.store.job(job)?.state == .running)
        try await network.fixture.stop()
    }

    /// The store is read when somebody unknown comes, so that no notification has to arrive first.
    @Test func aKeyIsGoodAsSoonAsItIsEnrolled() async throws {
        let network = try await Network(enrolment: MemoryEnrolment(isSilent: true))
        let late = try network.enrolled("late")
        let worker = try await network.worker(late.curve, session: 1)
        try await eventually("welcome", within: .seconds(4)) { await worker.welcome != nil }
        try await network.fixture.stop()
    }

    /// One that may take over has announced its key: whoever is attached learns of it at once.
    @Test func workersAreToldOfTheKeysOfOtherMasters() async throws {
        let network = try await Network()
        let known = try network.enrolled("known")
        let worker = try await network.worker(known.curve, session: 1)
        try await eventually("welcome") { await worker.welcome != nil }
        let standby = (current: [UInt8](repeating: 1, count: 32), next: [UInt8](repeating: 2, count: 32))
        try await network.enrolment.announceServerKeys(current: standby.current, next: standby.next, retired: [])
        let own = [network.server.current, network.server.next].map(\.publicKey.bytes)
        try await eventually("the keys of both") {
            await worker.welcome?.serverKeys.map(Array.init) == own + [standby.current, standby.next]
        }
        try await network.fixture.stop()
    }

    @Test func theLocalFolderIsClosedToOthers() async throws {
        let network = try await Network()
        let folder = network.configuration.localFolder
        let mode = try FileManager.default.attributesOfItem(atPath: folder)[.posixPermissions] as? Int
        #expect(mode == 0o700)
        #expect(network.fixture.endpoints.work == "ipc://\(folder)/work")
        // A worker of the machine shows no key, beside the network's.
        let worker = try await network.fixture.worker()
        try await eventually("welcome") { await worker.welcome != nil }
        #expect(await worker.welcome?.resultsEndpoint == network.fixture.endpoints.results)
        try await network.fixture.stop()
    }

    @Test func aFolderThatIsNotOursIsRefused() async throws {
        var configuration = MasterFixture.configuration()
        let target = configuration.localFolder
        try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: target) }
        configuration.localFolder = target + "-link"
        try FileManager.default.createSymbolicLink(atPath: configuration.localFolder, withDestinationPath: target)
        let refused = configuration
        await #expect(throws: MasterError.self) { try await MasterFixture(configuration: refused) }
    }

    @Test func aMasterOnAllAddressesTellsWorkersToPutInTheirHost() async throws {
        let network = try await Network(host: "*")
        let port = try #require(try network.endpoints.work.split(separator: ":").last)
        #expect(try network.endpoints.work == "tcp://*:\(port)")
        let known = try network.enrolled("known")
        let worker = FakeWorker(
            {
                var options = FakeWorker.Options()
                options.curve = known.curve
                return options
            }(), sockets: network.fixture.sockets, work: "tcp://127.0.0.1:\(port)", results: "tcp://127.0.0.1:1",
            session: 1)
        try await worker.start()
        try await eventually("welcome") { await worker.welcome != nil }
        #expect(await worker.welcome?.resultsEndpoint.hasPrefix("tcp://*:") == true)
        try await network.fixture.stop()
    }

    /// What would let everybody in must not be opened: here, endpoints that ask nobody.
    @Test func theSelfTestFindsAnEndpointThatAsksNobody() async throws {
        let sockets = try SocketThread(name: "test")
        var configuration = MasterFixture.configuration()
        let server = ServerKeys(current: try .generate(), next: try .generate())
        configuration.serverKeys = server
        for port in [\MasterConfiguration.workPort, \.resultsPort, \.heartbeatsPort, \.eventsPort] {
            configuration[keyPath: port] = 0
        }
        let bound = try await MasterSockets.bind(configuration, on: sockets)
        let check = SecurityCheck(
            sockets: bound, thread: sockets, keys: AdmittedKeys(), serverKey: server.current.publicKey,
            deadline: .milliseconds(500))
        await #expect(throws: MasterError.insecure("work", "does not ask who may connect")) { try await check.run() }
        let gate = try await LinkGate.open(on: sockets)
        try await SecurityCheck(
            sockets: bound, thread: sockets, keys: gate.keys, serverKey: server.current.publicKey
        ).run()
        await sockets.shutdown()
        try? FileManager.default.removeItem(atPath: configuration.localFolder)
    }
}
