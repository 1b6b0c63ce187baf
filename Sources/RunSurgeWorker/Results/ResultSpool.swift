internal import Dispatch
internal import Glibc

/// Results on disk until the master has them, so that an agent that is killed loses only unfinished work.
///
/// Segments are appended to and removed whole once nothing in them is wanted. Not synchronised to the disk: it is
/// against the end of the process, not of the machine, for then the leases are lost anyway.
final class ResultSpool: Sendable {
    /// Results that are kept together, each under a number of this agent.
    struct Record: Sendable {
        let numbers: [UInt64]
        let bytes: [UInt8]
    }

    private static let segmentBytes = 8 << 20
    private static let recordLimit = 64 << 20
    /// Segments have numbers for names.
    private static let probeName = "probe"
    private static let probeBytes = 1 << 20

    private final class State {
        var current: (file: FileDescriptorBox, name: String, bytes: Int)?
        var live: [String: Int] = [:]
        var segments: [UInt64: String] = [:]
        var lastSegment = 0
        var recovered: [String] = []
    }

    private let folder: String
    private let queue = DispatchQueue(label: "runsurge.worker.spool")
    // Safe to share: only touched on the queue.
    private nonisolated(unsafe) let state = State()

    /// Blocks.
    init(folder: String) throws {
        self.folder = folder
        try FileTree.makeFolder(folder, mode: 0o700)
    }

    /// The bytes of the records that an earlier agent has left; one cut by its end is dropped. They stay until
    /// `removeRecovered`. Blocks; call once, before `append`.
    func recover() throws -> [[UInt8]] {
        try queue.sync {
            var records: [[UInt8]] = []
            for name in FileTree.names(in: folder) where Int(name) != nil {
                let path = "\(folder)/\(name)"
                let size = FileStatus(path)?.size ?? 0
                records += Self.payloads(in: try FileDescriptor.open(path, O_RDONLY).read(at: 0, limit: Int(size)))
                state.recovered.append(name)
                if let number = Int(name) { state.lastSegment = max(state.lastSegment, number) }
            }
            return records
        }
    }

    /// What was recovered is here under new numbers, or of no use. Blocks.
    func removeRecovered() {
        queue.sync {
            for name in state.recovered { unlink("\(folder)/\(name)") }
            state.recovered = []
        }
    }

    private static func payloads(in bytes: [UInt8]) -> [[UInt8]] {
        var payloads: [[UInt8]] = []
        var position = 0
        while bytes.count - position >= 4 {
            let length = (0..<4).reduce(0) { $0 | Int(bytes[position + $1]) << (8 * $1) }
            guard length <= recordLimit, bytes.count - position - 4 >= length else { break }
            payloads.append(Array(bytes[(position + 4)..<(position + 4 + length)]))
            position += 4 + length
        }
        return payloads
    }

    /// Returns when the records would survive the agent.
    func append(_ records: [Record]) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            queue.async { [self] in continuation.resume(with: Result { try write(records) }) }
        }
    }

    /// These are not wanted any more.
    func remove(_ numbers: [UInt64]) {
        queue.async { [self] in
            for number in numbers {
                guard let name = state.segments.removeValue(forKey: number), let count = state.live[name] else {
                    continue
                }
                state.live[name] = count - 1
                guard count == 1 else { continue }
                if state.current?.name == name { empty(name) } else { discard(name) }
            }
        }
    }

    /// The present segment goes on from its beginning.
    private func empty(_ name: String) {
        guard let current = state.current, ftruncate(current.file.number, 0) == 0 else { return leaveSegment() }
        state.live[name] = nil
        state.current?.bytes = 0
    }

    private func discard(_ name: String) {
        state.live[name] = nil
        unlink("\(folder)/\(name)")
    }

    private func write(_ records: [Record]) throws {
        var bytes: [UInt8] = []
        for record in records {
            withUnsafeBytes(of: UInt32(record.bytes.count).littleEndian) { bytes.append(contentsOf: $0) }
            bytes.append(contentsOf: record.bytes)
        }
        let name = try write(bytes)
        for number in records.lazy.flatMap(\.numbers) {
            state.live[name, default: 0] += 1
            state.segments[number] = name
        }
    }

    /// Returns the segment's name.
    private func write(_ bytes: [UInt8]) throws -> String {
        let (file, name) = try segment()
        let end = state.current?.bytes ?? 0
        do {
            try file.write(bytes)
        } catch {
            // What was written in part would garble all that follows; what nobody wants any more makes room.
            let isWanted = state.live[name, default: 0] > 0
            ftruncate(file.number, off_t(isWanted ? end : 0))
            leaveSegment()
            guard !isWanted, end > 0 else { throw error }
            return try write(bytes)
        }
        state.current?.bytes = end + bytes.count
        return name
    }

    private func leaveSegment() {
        guard let current = state.current.take() else { return }
        if state.live[current.name, default: 0] == 0 { discard(current.name) }
    }

    /// Throws while there is no room for further results.
    func probe() async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            queue.async { [self] in continuation.resume(with: Result { try writeProbe() }) }
        }
    }

    private func writeProbe() throws {
        let path = "\(folder)/\(Self.probeName)"
        defer { unlink(path) }
        let file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
        try file.write([UInt8](repeating: 0, count: Self.probeBytes))
    }

    /// The segment to write to; a full one is left behind.
    private func segment() throws -> (FileDescriptorBox, String) {
        if let current = state.current {
            if current.bytes < Self.segmentBytes { return (current.file, current.name) }
            leaveSegment()
        }
        state.lastSegment += 1
        let digits = String(state.lastSegment)
        let name = String(repeating: "0", count: max(0, 12 - digits.count)) + digits
        let file = try FileDescriptor.open("\(folder)/\(name)", O_WRONLY | O_CREAT | O_EXCL | O_APPEND, mode: 0o600)
        let box = FileDescriptorBox(file)
        state.current = (box, name, 0)
        return (box, name)
    }
}
