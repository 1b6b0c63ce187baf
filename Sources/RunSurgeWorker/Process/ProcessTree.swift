internal import Glibc

/// What /proc tells of processes, by their numbers outside of the sandbox.
enum ProcessTree {
    static func children(of pid: pid_t) -> [pid_t] {
        let text = TextFile.read("/proc/\(pid)/task/\(pid)/children") ?? ""
        return text.split(separator: " ").compactMap { pid_t($0) }
    }

    /// All below it, parents first.
    static func descendants(of root: pid_t) -> [pid_t] {
        var found = children(of: root)
        var next = 0
        while next < found.count {
            found += children(of: found[next])
            next += 1
        }
        return found
    }

    /// Bytes of memory that the process and all below it hold; shared pages are counted for each.
    static func residentBytes(of root: pid_t) -> Int64 {
        var total: Int64 = 0
        var rest = [root]
        while let pid = rest.popLast() {
            total += residentPages(of: pid) * Int64(getpagesize())
            rest += children(of: pid)
        }
        return total
    }

    /// Peak resident bytes of one process; nil when it is gone.
    static func peakBytes(of pid: pid_t) -> Int64? {
        guard let text = TextFile.read("/proc/\(pid)/status") else { return nil }
        for line in text.split(separator: "\n") where line.hasPrefix("VmHWM:") {
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            if words.count >= 2, let kibibytes = Int64(words[1]) { return kibibytes << 10 }
        }
        return nil
    }

    /// User and system time, waited-for children included; nil when it is gone.
    static func cpuMicroseconds(of pid: pid_t) -> Int64? {
        guard let text = TextFile.read("/proc/\(pid)/stat"), let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        // Counted from the state, which is field 3: utime is 14, stime 15, cutime 16, cstime 17.
        guard fields.count > 14 else { return nil }
        let ticks = fields[11...14].compactMap { Int64($0) }.reduce(0, +)
        return ticks * 1_000_000 / Int64(sysconf(Int32(_SC_CLK_TCK)))
    }

    private static func residentPages(of pid: pid_t) -> Int64 {
        let words = TextFile.read("/proc/\(pid)/statm")?.split(separator: " ") ?? []
        return words.count >= 2 ? Int64(words[1]) ?? 0 : 0
    }
}
