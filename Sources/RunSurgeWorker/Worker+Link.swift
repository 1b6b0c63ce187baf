internal import RunSurgeCore
internal import RunSurgeProtocol
internal import RunSurgeScheduling
internal import ZeroMQ

/// The conversation with the master.
extension Worker {
    /// Replaces the sockets by those of a fresh session.
    func openLink() {
        let old = link
        link = nil
        if let old, !old.isAttached { noteSilence(of: old.endpoint) }
        markAttached(false)
        for listener in listeners { listener.cancel() }
        listeners = []
        let endpoint = endpoints.next()
        Task {
            await old?.close()
            do {
                let new = try await WorkLink.open(
                    session: .random(in: 1 ... .max), endpoint: endpoint, curve: curve(for: endpoint), sockets: sockets)
                link = new
                listen(to: new)
                feed(.opened(session: new.session))
            } catch {
                logger.error(
                    "can't open the link to the master", metadata: ["master": "\(endpoint)", "error": "\(error)"])
                feed(.opened(session: 0))
            }
        }
    }

    private func listen(to link: WorkLink) {
        let (events, logger, session, messages) = (events, logger, link.session, link.messages)
        listeners.append(
            Task {
                while let batch = await messages.nextBatch() {
                    for message in batch {
                        guard let payload = message.frames.last else { continue }
                        do {
                            events.post(
                                .master(session: session, try FrameCodec.decode(WireMasterMessage.self, from: payload)))
                        } catch {
                            logger.warning("a message of the master is dropped", metadata: ["error": "\(error)"])
                        }
                    }
                }
            })
    }

    private func listenToBeacons(of link: WorkLink) {
        guard let beacons = link.beacons else { return }
        let (events, session) = (events, link.session)
        listeners.append(
            Task {
                while let batch = await beacons.nextBatch() {
                    for message in batch where message.frames.first == WorkLink.beaconTopic {
                        guard let payload = message.frames.last,
                            let beacon = try? FrameCodec.decode(WireBeacon.self, from: payload)
                        else { continue }
                        events.post(.beacon(session: session, beacon))
                    }
                }
            })
    }

    func send(_ body: WireWorkerMessage.OneOf_Body) {
        do {
            try link?.send(body)
        } catch {
            // Whatever is lost here is said again: credit and leases in the next Pull, requests when unanswered.
            logger.warning("a message to the master is not sent", metadata: ["error": "\(error)"])
        }
    }

    func sendHello(held: [LeaseToken]) {
        var hello = WireHello()
        hello.lowestVersion = FrameCodec.versions.lowerBound
        hello.highestVersion = FrameCodec.versions.upperBound
        hello.nodeName = configuration.name
        hello.slots = UInt32(configuration.slots)
        hello.memoryBytes = configuration.memoryBytes
        if let interpreter = parts?.launcher.sandbox.interpreter {
            hello.pythonVersion = interpreter.versionName
            hello.modules = interpreter.modules
        }
        hello.softwareVersion = "1"
        hello.held = LeaseToken.wireRuns(of: held)
        send(.hello(hello))
    }

    func sendPull(_ credit: WorkerCredit) {
        var pull = WirePull()
        pull.freeSlots = UInt32(credit.freeSlots)
        pull.prefetch = UInt32(credit.prefetch)
        pull.freeMemoryBytes = credit.freeMemory
        pull.held = LeaseToken.wireRuns(of: credit.held)
        pull.sequence = credit.sequence
        send(.pull(pull))
    }

    func reject(_ token: LeaseToken, reason: String) {
        logger.info("work is given back", metadata: ["lease": "\(token.key)", "reason": "\(reason)"])
        var nack = WireNack()
        nack.lease = token.wire
        nack.reason = reason
        send(.nack(nack))
    }

    func takeMessage(_ message: WireMasterMessage) async {
        switch message.body {
        case .welcome(let welcome):
            // A second one tells of the masters' keys.
            if link?.isAttached == true { learnServerKeys(welcome) }
            await attach(welcome)
        case .refuse(let refuse):
            logger.warning("the master refuses this session", metadata: ["reason": "\(refuse.reason)"])
            feed(.refused(reason: refuse.reason, retry: refuse.retry))
        case .assign(let assign): takeAssignment(assign)
        case .ack(let ack): takeAcknowledgement(ack)
        case .cancel(let cancel): feed(.cancelled(tokens(cancel.leases)))
        case .regionAnswer(let answer): takeAnswer(answer)
        case .regionResults(let results): takeResults(results)
        case .drain: feed(.draining)
        case nil: return
        }
        feed(.heard(term: nil))
    }

    /// Leases that can't be ours are left out.
    func tokens(_ wire: [WireLeaseToken]) -> [LeaseToken] {
        wire.flatMap { (try? LeaseToken.expanding([$0])) ?? [] }
    }

    /// The master's own folder of blobs, when it is on this machine.
    private func directory(of welcome: WireWelcome, at endpoint: String) async throws -> String? {
        guard !welcome.blobDirectory.isEmpty else { return nil }
        let isHere = try await BlockingWork.run { OwnAddresses.includeHost(of: endpoint) }
        return isHere ? welcome.blobDirectory : nil
    }

    private func attach(_ welcome: WireWelcome) async {
        guard var link, link.beacons == nil, let parts else { return }
        do {
            let directory = try await directory(of: welcome, at: link.endpoint)
            let url = WorkLink.reachable(welcome.blobURL, from: link.endpoint)
            let access = BlobAccess(url: url, token: welcome.blobToken, directory: directory)
            await parts.cache.use(try await openBlobStore(access))
            try await link.attach(welcome, configuration: configuration, sockets: sockets)
        } catch {
            logger.error("can't attach to the master", metadata: ["error": "\(error)"])
            return feed(.refused(reason: "\(error)", retry: true))
        }
        // While we waited, a new session may have begun.
        guard self.link?.session == link.session else { return await link.close() }
        self.link = link
        learnServerKeys(welcome)
        listenToBeacons(of: link)
        nodeID = welcome.nodeID
        term = welcome.term
        heartbeatInterval = .milliseconds(max(100, Int64(welcome.heartbeatMilliseconds)))
        logger.info("attached", metadata: ["node": "\(nodeID)", "term": "\(term)", "master": "\(link.endpoint)"])
        // A master drains a session; the next one is not drained until it says so again.
        if shutdownBegan == nil { feed(.resumed) }
        feed(
            .welcomed(
                term: welcome.term, lease: .milliseconds(Int64(welcome.leaseMilliseconds)),
                keep: tokens(welcome.keep), cancel: tokens(welcome.cancel)))
        heartbeat()
    }
}
