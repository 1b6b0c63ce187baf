internal import RunSurgeCore

/// A frame of results of consecutive chunks that were completed, by columns.
struct ResultsFrame {
    let region: Int64
    let outcomes: [ChunkOutcome]

    /// nil when its columns don't fit each other.
    init?(_ frame: Frame) {
        let head = frame.head
        func column(_ name: String) -> [Int64] { head[name]?.items?.compactMap(\.integer) ?? [] }
        guard let region = head["region"]?.integer, let index = head["index"]?.integer, index >= 0 else { return nil }
        let (units, records) = (column("units"), column("records"))
        let (wall, cpu, sizes) = (column("wall_us"), column("cpu_us"), column("sizes"))
        let count = records.count
        guard units.count == count + 1, wall.count == count, cpu.count == count, sizes.count == count,
            index <= .max - Int64(count), zip(units, units.dropFirst()).allSatisfy({ $0 <= $1 }),
            sizes.allSatisfy({ $0 >= 0 && $0 <= Frame.bodyLimit }), sizes.reduce(0, +) == frame.body.count
        else { return nil }
        let peak = max(0, head["peak_bytes"]?.integer ?? 0)
        self.region = region
        var start = 0
        outcomes = (0..<count).map { offset in
            defer { start += Int(sizes[offset]) }
            return ChunkOutcome(
                index: index + Int64(offset), status: .completed, records: max(0, records[offset]),
                range: units[offset]..<units[offset + 1],
                effects: .inline(Array(frame.body[start..<(start + Int(sizes[offset]))])), reason: "", variable: "",
                line: 0, wallMicroseconds: max(0, wall[offset]), cpuMicroseconds: max(0, cpu[offset]),
                peakBytes: peak)
        }
    }
}
