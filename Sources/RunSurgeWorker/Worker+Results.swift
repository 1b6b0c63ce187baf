internal import Foundation
internal import RunSurgeCore
internal import RunSurgeProtocol
internal import RunSurgeScheduling

/// Results and logs on their way to the master.
extension Worker {
    /// Without an acknowledgement for this long, what was pushed is pushed again.
    private static let patience: Duration = .seconds(5)
    private static let probeInterval: Duration = .seconds(1)

    /// Results of an agent that was killed are offered again; the master knows which it wants.
    func recoverResults(_ parts: Parts) async throws {
        let records = try await BlockingWork.run { try parts.spool.recover() }
        for record in records {
            guard let batch = try? WireResultBatch(serializedBytes: record) else { continue }
            for (token, outcome) in batch.readable { outbox.add(outcome, token) }
        }
        let recovered = outbox.takeUnspooled()
        do {
            // Under this agent's numbers, so that the old segments need not be kept.
            outbox.ready(try await spool(recovered))
            try await BlockingWork.run { parts.spool.removeRecovered() }
        } catch {
            logger.error("the spool can't be written", metadata: ["error": "\(error)"])
            outbox.ready(recovered)
            spoolFailure = BootClock.now
        }
        feed(.recovered(outbox.tokens))
    }

    func enqueue(_ outcome: ResultOutbox.Outcome, _ token: LeaseToken) { outbox.add(outcome, token) }

    /// Writes new results to the spool, then pushes all that wait. Results that come meanwhile go in the next turn.
    func flush() async {
        guard !isFlushing else { return }
        isFlushing = true
        defer { isFlushing = false }
        while case let fresh = outbox.takeUnspooled(), !fresh.isEmpty {
            do {
                outbox.ready(try await spool(fresh))
            } catch {
                // Sent all the same: the spool only matters if this agent is killed before the acknowledgement. But
                // nothing new is begun whose result could not be kept either.
                logger.error("the spool can't be written", metadata: ["error": "\(error)"])
                outbox.ready(fresh)
                spoolFailure = BootClock.now
            }
            push()
        }
        push()
        updateCongestion()
    }

    /// Looks now and then whether a spool that could not be written can be.
    func probeSpool() async {
        guard let failure = spoolFailure, BootClock.now - failure > Self.probeInterval, let parts else { return }
        do {
            // All that an earlier agent has left is acknowledged: what it takes up may be what is missing.
            if outbox.tokens.isEmpty { try await BlockingWork.run { parts.spool.removeRecovered() } }
            try await parts.spool.probe()
            spoolFailure = nil
            logger.notice("the spool can be written again")
            updateCongestion()
        } catch {
            spoolFailure = BootClock.now
        }
    }

    /// Writes results as they will be sent: one record for many.
    private func spool(_ keys: [WorkKey]) async throws -> [WorkKey] {
        guard !keys.isEmpty else { return [] }
        try await parts?.spool.append(try outbox.records(of: keys))
        return keys
    }

    private func push() {
        guard machine.isAttached, let link else { return }
        while let batch = outbox.nextBatch(session: link.session, now: BootClock.now) {
            do {
                try link.push(batch)
            } catch {
                // Sent again when it is not acknowledged in time.
                return logger.warning("results are not pushed", metadata: ["error": "\(error)"])
            }
        }
    }

    func takeAcknowledgement(_ ack: WireAck) {
        feed(.settled(tokens(ack.results.map(\.lease))))
        for position in ack.logs { takePosition(position) }
    }

    func resendAll() {
        outbox.resendAll()
        let now = BootClock.now
        for run in driverRuns.values {
            for stream in LogStream.allCases {
                let stored = run.logs[stream]?.acknowledged ?? 0
                run.logs[stream]?.sent = stored
            }
            repeatRequests(of: run, now: now, isNewSession: true)
            shipLogs(of: run)
        }
    }

    func resendLate() {
        guard machine.isAttached else { return }
        let now = BootClock.now
        outbox.resend(sentBefore: MonotonicTime(nanoseconds: now.nanoseconds - 5_000_000_000))
        for run in driverRuns.values {
            if now - run.lastResend > Self.patience {
                repeatRequests(of: run, now: now, isNewSession: false)
            }
            for stream in LogStream.allCases {
                guard let log = run.logs[stream], log.sent > log.acknowledged, now - log.lastMove > Self.patience else {
                    continue
                }
                run.logs[stream]?.sent = log.acknowledged
                run.logs[stream]?.lastMove = now
            }
            shipLogs(of: run)
        }
    }

    // MARK: Logs

    private func file(of stream: RunSurgeCore.LogStream, _ run: DriverRun) -> OutputFile? {
        stream == .standardOutput ? run.python?.standardOutput : run.python?.standardError
    }

    /// Sends what the window allows of both streams.
    func shipLogs(of run: DriverRun) {
        guard machine.isAttached else { return }
        for stream in RunSurgeCore.LogStream.allCases {
            guard let file = file(of: stream, run), let log = run.logs[stream], !log.isReading,
                let range = log.next(written: file.written)
            else { continue }
            run.logs[stream]?.isReading = true
            Task { await ship(range, of: file, stream, run) }
        }
    }

    private func ship(
        _ range: Range<Int64>, of file: OutputFile, _ stream: RunSurgeCore.LogStream, _ run: DriverRun
    ) async {
        let bytes = try? await BlockingWork.run { try file.read(at: range.lowerBound, limit: Int(range.count)) }
        run.logs[stream]?.isReading = false
        // A new session may have gone back meanwhile.
        guard let bytes, !bytes.isEmpty, run.logs[stream]?.sent == range.lowerBound,
            let token = machine.token(of: run.key)
        else { return }
        var segment = WireLogSegment()
        segment.driver = token.wire
        segment.stream = stream == .standardOutput ? .standardOutput : .standardError
        segment.offset = range.lowerBound
        segment.data = Data(bytes)
        outbox.add(segment)
        run.logs[stream]?.sent = range.lowerBound + Int64(bytes.count)
        run.logs[stream]?.lastMove = BootClock.now
        shipLogs(of: run)
        await flush()
    }

    private func takePosition(_ position: WireLogPosition) {
        let key = WorkKey.driver(of: JobID(position.jobID))
        guard let run = driverRuns[key], machine.token(of: key)?.epoch == position.epoch,
            let stream = RunSurgeCore.LogStream(rawValue: Int16(clamping: position.stream.rawValue)),
            var log = run.logs[stream], position.offset > log.acknowledged
        else { return }
        log.acknowledged = position.offset
        log.sent = max(log.sent, position.offset)
        log.lastMove = BootClock.now
        run.logs[stream] = log
        shipLogs(of: run)
    }

    /// Gives the live view what it has not seen yet. What does not get through is in the final blobs all the same.
    func shipRemainingLogs(of run: DriverRun) async {
        let deadline = BootClock.now + .seconds(3)
        while BootClock.now < deadline, machine.isAttached, hasUnsentLogs(run) {
            shipLogs(of: run)
            guard hasUnsentLogs(run) else { return }
            try? await Task.sleep(for: .milliseconds(2))
        }
    }

    private func hasUnsentLogs(_ run: DriverRun) -> Bool {
        RunSurgeCore.LogStream.allCases.contains { stream in
            guard let file = file(of: stream, run), let log = run.logs[stream] else { return false }
            return log.sent < min(file.written, Limits.logStreamBytes)
        }
    }
}
