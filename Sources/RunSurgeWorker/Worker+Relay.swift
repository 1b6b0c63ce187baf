internal import Foundation
internal import RunSurgeCore
internal import RunSurgeProtocol
internal import RunSurgeScheduling

/// What passes between a driver and the master.
extension Worker {
    /// The harness keeps one chunk's effects below this, so that a frame of results always holds one.
    private static let resultFrameBytes = 48 << 20

    func takeDriverFrames(_ key: WorkKey, _ frames: [Frame]) {
        guard let run = driverRuns[key] else { return }
        for frame in frames {
            do {
                try takeDriverFrame(frame, of: run)
            } catch {
                run.fault = "The script disturbed RunSurge's own pipe: \(error)"
                run.python?.process.kill()
            }
        }
        run.python?.channel.consumed(bytes: frames.reduce(0) { $0 + $1.weight })
    }

    private func takeDriverFrame(_ frame: Frame, of run: DriverRun) throws {
        switch frame.kind {
        case "blob": takePiece(frame, of: run)
        case "region": try request(frame, of: run)
        case "progress": progress(frame, of: run)
        case "close": closeRegion(frame, of: run)
        case "acquire": feed(.driverWantsSlot(run.key))
        case "finished": finished(frame, of: run)
        default: throw FrameError(description: "an unknown message '\(frame.kind.prefix(40))'")
        }
    }

    private func token(of run: DriverRun) -> WireLeaseToken { machine.token(of: run.key)?.wire ?? WireLeaseToken() }

    // MARK: Driver to master

    private func request(_ frame: Frame, of run: DriverRun) throws {
        let head = frame.head
        func number(_ name: String) throws(FrameError) -> Int64 {
            guard let value = head[name]?.integer else { throw FrameError(description: "a region without \(name)") }
            return value
        }
        var request = WireRegionRequest()
        request.driver = token(of: run)
        request.request = UInt64(max(0, try number("request")))
        request.node = try number("node")
        request.line = head["line"]?.integer ?? 0
        request.entry = try number("entry")
        request.digest = Data(head["digest"]?.text.flatMap(HexCoding.decode) ?? [])
        request.sourceJson = Data((head["source"] ?? .null).bytes)
        request.modesJson = Data((head["modes"] ?? .object([:])).bytes)
        request.firstUnit = try number("first")
        request.lastUnit = try number("last")
        request.cuts = head["cuts"]?.items?.compactMap(\.integer) ?? []
        request.secondsPerUnit = head["seconds_per_unit"]?.number ?? 0
        request.bytesPerUnit = head["bytes_per_unit"]?.number ?? 0
        request.prefixRecords = head["prefix_records"]?.integer ?? 0
        request.environment = WirePayload()
        if let blob = head["environment_blob"].flatMap(BlobReference.init(json:)) {
            request.environment.blob = blob.wire
            request.environmentBytes = blob.size
        } else {
            request.environment.inline = Data(frame.body)
            request.environmentBytes = Int64(frame.body.count)
        }
        request.blobs = head["blobs"]?.items?.compactMap(BlobReference.init(json:)).map(\.wire) ?? []
        run.requests[request.request] = request
        run.fallback = ""
        send(.regionRequest(request))
        feed(.driverWaits(run.key))
    }

    private func progress(_ frame: Frame, of run: DriverRun) {
        guard let id = frame.head["region"]?.integer, var region = run.regions[RegionID(id)] else { return }
        region.progress.driver = token(of: run)
        region.progress.committed = frame.head["committed"]?.integer ?? region.progress.committed
        region.progress.windowBytes = frame.head["window"]?.integer ?? Limits.regionWindowBytes
        run.regions[RegionID(id)] = region
        send(.regionProgress(region.progress))
    }

    private func closeRegion(_ frame: Frame, of run: DriverRun) {
        guard let id = frame.head["region"]?.integer else { return }
        run.regions[RegionID(id)] = nil
        var close = WireRegionClose()
        close.driver = token(of: run)
        close.regionID = id
        close.committed = frame.head["committed"]?.integer ?? 0
        close.records = frame.head["records"]?.integer ?? 0
        close.reason = frame.head["reason"]?.text ?? ""
        run.fallback = close.reason
        close.variable = frame.head["variable"]?.text ?? ""
        send(.regionClose(close))
    }

    private func finished(_ frame: Frame, of run: DriverRun) {
        if let regions = frame.head["regions"], regions.items != nil { run.regionsJSON = regions.bytes }
        run.missingInputs = frame.head["missing_inputs"]?.items?.compactMap(\.text) ?? []
        // It is still there, about to leave: the last moment to ask the system about it.
        guard let python = run.python?.process.python else { return }
        run.peakBytes = frame.head["peak_bytes"]?.integer ?? ProcessTree.peakBytes(of: python) ?? 0
        run.cpuMicroseconds = frame.head["cpu_us"]?.integer ?? ProcessTree.cpuMicroseconds(of: python) ?? 0
    }

    /// A piece of a blob; the pieces of one driver are written in order.
    private func takePiece(_ frame: Frame, of run: DriverRun) {
        let previous = run.chain
        run.chain = Task {
            await previous?.value
            await write(frame, of: run)
        }
    }

    private func write(_ frame: Frame, of run: DriverRun) async {
        guard let python = run.python, let parts, let name = frame.head["id"]?.text else { return }
        do {
            var upload = run.uploads[name] ?? BlobUpload(path: "\(python.folder.uploads)/\(run.uploadCount)")
            if run.uploads[name] == nil { run.uploadCount += 1 }
            guard frame.head["offset"]?.integer == upload.size, upload.size <= Limits.uploadBytes else {
                throw FrameError(description: "a blob's piece is out of place")
            }
            let path = upload.path
            try await BlockingWork.run {
                try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_APPEND, mode: 0o600).write(frame.body)
            }
            upload.size += Int64(frame.body.count)
            run.uploads[name] = upload
            guard frame.head["last"]?.isTrue == true else { return }
            let blob = try await parts.cache.withStore { try await $0.put(fileAt: path) }
            run.uploads[name] = nil
            try await BlockingWork.run { FileTree.remove(path) }
            python.channel.send(
                Frame([
                    "t": .string("blob_stored"), "id": .string(name), "sha256": .string(blob.sha256),
                    "size": .integer(blob.size),
                ]))
        } catch {
            run.fault = "a blob of the script could not be stored: \(error)"
            python.process.kill()
        }
    }

    // MARK: Master to driver

    private func run(of lease: WireLeaseToken) -> DriverRun? {
        guard let token = try? LeaseToken(wire: lease), machine.holds(token) else { return nil }
        return driverRuns[token.key]
    }

    func takeAnswer(_ answer: WireRegionAnswer) {
        guard let run = run(of: answer.driver), run.requests.removeValue(forKey: answer.request) != nil else { return }
        if answer.regionID > 0 {
            var progress = WireRegionProgress()
            progress.driver = answer.driver
            progress.regionID = answer.regionID
            progress.windowBytes = Limits.regionWindowBytes
            run.regions[RegionID(answer.regionID)] = DriverRun.OpenRegion(progress: progress, next: 0)
        }
        run.python?.channel.send(
            Frame([
                "t": .string("answer"), "request": .integer(Int64(clamping: answer.request)),
                "region": .integer(max(0, answer.regionID)), "chunks": .integer(answer.chunks),
                "reason": .string(answer.reason),
            ]))
    }

    func takeResults(_ results: WireRegionResults) {
        guard let run = run(of: results.driver) else { return }
        let id = RegionID(results.regionID)
        guard var region = run.regions[id] else { return }
        var fresh: [ChunkOutcome] = []
        // What came before is not passed on twice, and nothing is passed on before what must come first.
        for outcome in (try? results.allOutcomes) ?? [] where outcome.index == region.next {
            fresh.append(outcome)
            region.next += 1
        }
        guard !fresh.isEmpty else { return }
        run.regions[id] = region
        let previous = run.chain
        run.chain = Task {
            await previous?.value
            await pass(fresh, of: id, to: run)
        }
    }

    private func pass(_ outcomes: [ChunkOutcome], of region: RegionID, to run: DriverRun) async {
        guard let parts, let channel = run.python?.channel else { return }
        var frame = RegionResultsFrame(region: region)
        do {
            for outcome in outcomes {
                let effects = try await bytes(of: outcome.effects, cache: parts.cache)
                if frame.body.count + effects.count > Self.resultFrameBytes || !frame.takes(outcome) {
                    channel.send(frame.frame)
                    frame = RegionResultsFrame(region: region)
                }
                frame.append(outcome, effects)
            }
            channel.send(frame.frame)
        } catch {
            run.fault = "a chunk's result could not be fetched: \(error)"
            run.python?.process.kill()
        }
    }

    /// Says again what the master may not have heard: it may be another one, or a message may have been lost.
    /// - Parameter isNewSession: else a driver that still has results to commit is not said to wait for more.
    func repeatRequests(of run: DriverRun, now: MonotonicTime, isNewSession: Bool) {
        run.lastResend = now
        let driver = token(of: run)
        for number in run.requests.keys.sorted() {
            run.requests[number]?.driver = driver
            if let request = run.requests[number] { send(.regionRequest(request)) }
        }
        for id in run.regions.keys.sorted() {
            run.regions[id]?.progress.driver = driver
            guard let region = run.regions[id], isNewSession || region.next <= region.progress.committed else {
                continue
            }
            send(.regionProgress(region.progress))
        }
    }
}

extension BlobReference {
    fileprivate init?(json: JSONValue) {
        guard let name = json["sha256"]?.text, BlobReference.isValidName(name), let size = json["size"]?.integer,
            size >= 0
        else { return nil }
        self.init(sha256: name, size: size)
    }
}
