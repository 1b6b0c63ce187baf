internal import RunSurgeCore
internal import RunSurgeProtocol
internal import RunSurgeScheduling

/// What the machine says, done.
extension Worker {
    func carryOut(_ effect: WorkerEffect) {
        switch effect {
        case .open: openLink()
        case .hello(let held): sendHello(held: held)
        case .pull(let credit): sendPull(credit)
        case .reject(let token, let reason): reject(token, reason: reason)
        case .started(let tokens): send(.started(.with { $0.leases = LeaseToken.wireRuns(of: tokens) }))
        case .stop(let reason): refusal = reason
        case .resend: resendAll()
        case .startDriver(let token, _, let memory): startDriver(token, memory: memory)
        case .grant(let key): driverRuns[key]?.python?.channel.send(Frame(["t": .string("granted")]))
        case .startProcess(let id, _, let job, let memory): startChunkRun(id, job: job, memory: memory)
        case .run(let token, let id, let memory): run(token, on: id, memory: memory)
        case .endProcess(let id): endChunkRun(id)
        case .killProcess(let id): killChunkRun(id)
        case .killDriver(let key): killDriver(key)
        case .fail(let key, let id): fail(key, on: id)
        case .renamed(let token): outbox.rename(token)
        case .forget(let keys): forget(keys)
        }
    }

    private func forget(_ keys: [WorkKey]) {
        for key in keys {
            chunks[key] = nil
            driverWork[key] = nil
        }
        parts?.spool.remove(outbox.remove(keys))
    }

    /// Takes what the master assigns: first what the items refer to, then the items themselves.
    func takeAssignment(_ assign: WireAssign) {
        for context in assign.contexts { remember(context) }
        var units: [WorkUnit] = []
        for item in assign.items {
            do {
                units += try accept(item)
            } catch {
                logger.warning("an assignment is dropped", metadata: ["error": "\(error)"])
            }
        }
        feed(.assigned(units))
    }

    private func accept(_ item: WireWorkItem) throws(ProtocolError) -> [WorkUnit] {
        let token = try LeaseToken(wire: item.lease)
        let memory = max(0, item.memoryBytes)
        switch (item.work, token.key.region) {
        case (.driver(let work), nil):
            _ = try record(of: work.job)
            driverWork[token.key] = work
            return [WorkUnit(token: token, memory: memory)]
        case (.chunk(let work), let region?):
            let tokens = try LeaseToken.expanding([item.lease])
            let ranges = try work.ranges(count: Int64(tokens.count))
            guard regions[region] != nil else {
                for token in tokens { reject(token, reason: "the region's context is not here") }
                // In a new session the master sends all contexts again.
                feed(.refused(reason: "a region's context is missing", retry: true))
                return []
            }
            for (token, range) in zip(tokens, ranges) {
                chunks[token.key] = ChunkRun.Chunk(key: token.key, region: region, range: range)
            }
            return tokens.map { WorkUnit(token: $0, memory: memory) }
        default: throw .invalidField(message: "WorkItem", field: "work")
        }
    }

    private func remember(_ context: WireRegionContext) {
        do {
            guard context.regionID > 0 else { throw ProtocolError.invalidField(message: "RegionContext", field: "id") }
            let job = try record(of: context.job)
            let id = RegionID(context.regionID)
            regions[id] = RegionRecord(
                id: id, job: job.description.id, node: context.node, source: try JSONReader.read(context.sourceJson),
                modes: try JSONReader.read(context.modesJson), environment: try Payload(wire: context.environment),
                blobs: try context.blobs.map { (wire) throws(ProtocolError) in try BlobReference(wire: wire) },
                lastUse: BootClock.now)
        } catch {
            logger.warning("a region's context is dropped", metadata: ["error": "\(error)"])
        }
    }

    func record(of wire: WireJobContext) throws(ProtocolError) -> JobRecord {
        let id = JobID(wire.jobID)
        if let known = jobs[id] {
            known.lastUse = BootClock.now
            return known
        }
        guard let parts else { throw .invalidField(message: "JobContext", field: "job_id") }
        let description = try JobDescription(wire: wire)
        let tree = JobTree(job: description, folder: "\(configuration.folder)/jobs/\(id)", cache: parts.cache)
        let record = JobRecord(description: description, tree: tree, now: BootClock.now)
        jobs[id] = record
        return record
    }

    /// Forgets jobs that have had no work here for a while; their contexts come again in a new session if needed.
    func tidyJobs() {
        let now = BootClock.now
        let busy = Set(chunks.keys.map(\.job)).union(driverWork.keys.map(\.job)).union(chunkRuns.values.map(\.job))
            .union(driverRuns.keys.map(\.job))
        for (id, record) in jobs {
            if busy.contains(id) {
                record.lastUse = now
            } else if now - record.lastUse > .seconds(120) {
                jobs[id] = nil
                regions = regions.filter { $0.value.job != id }
                let folder = record.tree.folder
                Task { try? await BlockingWork.run { FileTree.remove(folder) } }
            }
        }
    }

    /// The analyser's plan, fetched once.
    func plan(of record: JobRecord) async throws -> [UInt8] {
        guard let cache = parts?.cache else { return [] }
        let payload = record.description.plan
        let task =
            record.plan
            ?? Task {
                switch payload {
                case .inline(let bytes): bytes
                case .blob(let blob): try await cache.bytes(of: blob, limit: Int64(Frame.bodyLimit))
                }
            }
        record.plan = task
        return try await task.value
    }
}
