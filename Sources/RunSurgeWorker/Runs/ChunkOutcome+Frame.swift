internal import RunSurgeCore

extension ChunkOutcome {
    /// What a process reported; its numbers are bounded, its claims about success limited to what it can know.
    init(frame: Frame, index: Int64, asked: Range<Int64>) {
        let head = frame.head
        func count(_ name: String) -> Int64 { max(0, head[name]?.integer ?? 0) }
        let told = head["status"]?.integer.flatMap { Int16(exactly: $0) }.flatMap { OutcomeStatus(rawValue: $0) }
        let mayTell: [OutcomeStatus] = [.completed, .guardFailed, .raised, .outOfMemory]
        let first = head["first"]?.integer ?? asked.lowerBound
        let last = head["last"]?.integer ?? asked.upperBound
        self.init(
            index: index, status: told.flatMap { mayTell.contains($0) ? $0 : nil } ?? .fault, records: count("records"),
            range: first <= last ? first..<last : asked, effects: .inline(frame.body),
            reason: String((head["reason"]?.text ?? "").prefix(4_096)),
            variable: String((head["variable"]?.text ?? "").prefix(256)), line: count("line"),
            wallMicroseconds: count("wall_us"), cpuMicroseconds: count("cpu_us"), peakBytes: count("peak_bytes"))
    }

    static func failure(
        _ status: OutcomeStatus, index: Int64, range: Range<Int64>, reason: String, peakBytes: Int64 = 0
    ) -> ChunkOutcome {
        ChunkOutcome(
            index: index, status: status, records: 0, range: range, effects: .inline([]), reason: reason, variable: "",
            line: 0, wallMicroseconds: 0, cpuMicroseconds: 0, peakBytes: peakBytes)
    }

    func replacing(effects: Payload) -> ChunkOutcome {
        ChunkOutcome(
            index: index, status: status, records: records, range: range, effects: effects, reason: reason,
            variable: variable, line: line, wallMicroseconds: wallMicroseconds, cpuMicroseconds: cpuMicroseconds,
            peakBytes: peakBytes, parts: parts)
    }
}
