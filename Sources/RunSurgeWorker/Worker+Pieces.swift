internal import RunSurgeCore
internal import RunSurgeScheduling

/// Chunks that don't fit in their process's memory: the lease stays, they are run in pieces, by fresh processes where
/// one was killed.
extension Worker {
    /// A piece that is not its chunk's last.
    func takePiece(_ frame: Frame, of run: ChunkRun) {
        guard let position = run.position(of: frame) else { return }
        let chunk = run.sent[position]
        var pieces = run.pieces[chunk.key] ?? newPieces(of: chunk)
        pieces.add(ChunkOutcome(frame: frame, index: chunk.key.chunk, asked: chunk.range), frame.body)
        if frame.head["leaves"]?.isTrue == true { run.replacement = .wanted }
        guard pieces.isOverLimit else { return run.pieces[chunk.key] = pieces }
        // Only another process can go on with the chunks behind it.
        run.sent.remove(at: position)
        run.pieces[chunk.key] = nil
        run.replacement = .wanted
        run.python?.process.kill()
        conclude(tooMuch(chunk), effects: [], for: chunk.key)
    }

    /// The one record that its process runs next.
    func takeSuspect(_ frame: Frame, of run: ChunkRun) {
        guard let position = run.position(of: frame), let first = frame.head["first"]?.integer,
            let last = frame.head["last"]?.integer, first <= last
        else { return }
        run.pieces[run.sent[position].key]?.suspect(first..<last)
    }

    func tooMuch(_ chunk: ChunkRun.Chunk) -> ChunkOutcome {
        .failure(
            .guardFailed, index: chunk.key.chunk, range: chunk.range, reason: "the effects of one chunk are too large")
    }

    private func newPieces(of chunk: ChunkRun.Chunk) -> ChunkPieces {
        ChunkPieces(range: chunk.range, countsRecords: regions[chunk.region]?.countsRecords ?? false)
    }

    /// Whether a process that has ended is replaced for the chunks that it has not answered.
    func goesOn(_ run: ChunkRun, after end: ProcessEnd) -> Bool {
        guard !run.isEnding, run.fault == nil, let python = run.python else { return false }
        // The results of chunks before the one at hand may have been on their way: they are run again.
        let page = run.page
        if let chunk = run.sent.first(where: { $0.key.chunk == page?.chunk }) ?? run.sent.first {
            guard end.ranOutOfMemory || run.replacement != nil, goesOn(with: chunk, of: run, after: end) else {
                return false
            }
        } else {
            // Not even begun: another one would end like this.
            guard run.replacement != nil, !end.ranOutOfMemory else { return false }
        }
        guard !run.sent.isEmpty || !run.unsent.isEmpty else { return false }
        discard(python)
        run.begin()
        return true
    }

    /// What becomes of the chunk that it ended with. False: its end is the process's, and no concern of the memory.
    private func goesOn(with chunk: ChunkRun.Chunk, of run: ChunkRun, after end: ProcessEnd) -> Bool {
        let page = run.page
        let isBegun = page?.chunk == chunk.key.chunk
        var pieces = run.pieces[chunk.key] ?? newPieces(of: chunk)
        var verdict = ChunkPieces.Verdict.again
        if end.ranOutOfMemory || run.replacement == .outOfMemory {
            // Without its first record, what the loop reads is too large, and pieces don't help.
            guard isBegun else { return false }
            verdict = pieces.ranOut(page?.progress, limit: run.memory, peak: end.peakBytes)
        } else if run.pieces[chunk.key] != nil {
            verdict = pieces.moved()
        } else {
            return true
        }
        switch verdict {
        case .again: run.pieces[chunk.key] = pieces
        case .failed(let reason, let range):
            run.sent.removeAll { $0.key == chunk.key }
            run.pieces[chunk.key] = nil
            let place = regions[chunk.region]?.place(of: range) ?? ""
            conclude(
                .failure(
                    .outOfMemory, index: chunk.key.chunk, range: range, reason: reason + place,
                    peakBytes: pieces.peakBytes),
                effects: [], for: chunk.key)
        }
        return true
    }
}
