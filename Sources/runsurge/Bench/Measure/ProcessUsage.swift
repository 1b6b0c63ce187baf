import Foundation

/// What a process has used, as the kernel counts it.
struct ProcessUsage: Sendable {
    /// User and system, of the process and of its children that have ended.
    var cpuSeconds: Double
    var residentBytes: Int64

    static let nothing = ProcessUsage(cpuSeconds: 0, residentBytes: 0)

    /// nil when there is no such process.
    init?(of process: Int32) {
        guard let fields = Self.fields(of: process) else { return nil }
        // Fields 14 to 17 of proc(5), counted from the state, which is the third; 24 is the resident pages.
        let ticks = fields[11...14].compactMap { Double($0) }.reduce(0, +)
        cpuSeconds = ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
        residentBytes = (Int64(fields[21]) ?? 0) * Int64(sysconf(Int32(_SC_PAGESIZE)))
    }

    private init(cpuSeconds: Double, residentBytes: Int64) {
        self.cpuSeconds = cpuSeconds
        self.residentBytes = residentBytes
    }

    static var own: ProcessUsage {
        var usage = ProcessUsage(of: getpid()) ?? nothing
        // In microseconds, and without the children.
        var times = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &times)
        usage.cpuSeconds = times.cpuSeconds
        return usage
    }

    /// A process with all that descend from it, those of its descendants that have ended included.
    static func tree(of process: Int32, excluding excluded: Set<Int32> = []) -> ProcessUsage {
        var total = ProcessUsage(of: process) ?? nothing
        for child in children(of: process) where !excluded.contains(child) {
            let usage = tree(of: child, excluding: excluded)
            total.cpuSeconds += usage.cpuSeconds
            total.residentBytes += usage.residentBytes
        }
        return total
    }

    static func children(of process: Int32) -> [Int32] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap(Int32.init).filter { fields(of: $0).flatMap { Int32($0[1]) } == process }
    }

    /// From the state on: the name before it may hold anything.
    private static func fields(of process: Int32) -> [Substring]? {
        guard let data = FileManager.default.contents(atPath: "/proc/\(process)/stat"),
            let end = data.lastIndex(of: UInt8(ascii: ")"))
        else { return nil }
        let fields = String(decoding: data[(end + 1)...], as: UTF8.self).split(separator: " ")
        return fields.count > 21 ? fields : nil
    }

    // MARK: The peak

    /// Lets the own peak be counted from now on.
    static func resetPeak() {
        guard let file = FileHandle(forWritingAtPath: "/proc/self/clear_refs") else { return }
        try? file.write(contentsOf: Data("5".utf8))
        try? file.close()
    }

    /// Bytes.
    static var peak: Int64 {
        let data = FileManager.default.contents(atPath: "/proc/self/status") ?? Data()
        let status = String(decoding: data, as: UTF8.self)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
        return (Int64(line.filter(\.isNumber)) ?? 0) << 10
    }
}

extension rusage {
    fileprivate var cpuSeconds: Double {
        Double(ru_utime.tv_sec + ru_stime.tv_sec) + Double(ru_utime.tv_usec + ru_stime.tv_usec) / 1e6
    }
}

/// CPU seconds by part of the system between two moments.
struct UsageDifference: Sendable, Encodable {
    /// This process: the master, and in benchmarks of real Python its worker.
    private(set) var own: Double
    private(set) var postgresql: Double
    private(set) var others: Double

    static func - (later: UsageDifference, earlier: UsageDifference) -> UsageDifference {
        UsageDifference(
            own: later.own - earlier.own, postgresql: later.postgresql - earlier.postgresql,
            others: later.others - earlier.others)
    }

    /// - Parameter database: the process of an embedded server.
    static func now(database: Int32?) -> UsageDifference {
        let others = ProcessUsage.children(of: getpid()).filter { $0 != database }
            .reduce(0) { $0 + ProcessUsage.tree(of: $1, excluding: [database ?? 0]).cpuSeconds }
        var ended = rusage()
        getrusage(__rusage_who_t(RUSAGE_CHILDREN.rawValue), &ended)
        return UsageDifference(
            own: ProcessUsage.own.cpuSeconds, postgresql: database.map { ProcessUsage.tree(of: $0).cpuSeconds } ?? 0,
            others: others + ended.cpuSeconds)
    }
}
