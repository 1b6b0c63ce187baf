internal import Glibc
internal import Synchronization

/// A control group that holds one process tree to a number of bytes, and of processes where it can.
final class MemoryGroup: Sendable {
    private let path: String
    /// The group that counts processes, where that is a hierarchy of its own.
    private let counter: String?
    private let version: MemoryGroups.Version

    fileprivate init(path: String, counter: String?, version: MemoryGroups.Version) {
        self.path = path
        self.counter = counter
        self.version = version
    }

    deinit {
        rmdir(path)
        if let counter { rmdir(counter) }
    }

    /// To be written to by who enters, while it is one thread. In the first version a thread that moves itself is let in
    /// at once; a process would make all others on the machine that start or end wait for a grace period of the kernel's.
    var processesFiles: [String] {
        let name = version == .first ? "tasks" : "cgroup.procs"
        return ([path] + (counter.map { [$0] } ?? [])).map { "\($0)/\(name)" }
    }

    /// The bound of the resource limits does not hold for root; this one does.
    func limitProcesses(to count: UInt) {
        try? TextFile.write("\(count)", to: (counter ?? path) + "/pids.max")
    }

    func limit(to bytes: Int64) throws(SystemError) {
        switch version {
        case .second:
            try TextFile.write("\(bytes)", to: path + "/memory.max")
            // Absent without swap accounting.
            try? TextFile.write("0", to: path + "/memory.swap.max")
            try? TextFile.write("1", to: path + "/memory.oom.group")
        case .first:
            // The sum with swap may never be below the limit: raised first, lowered last.
            try? TextFile.write("\(bytes)", to: path + "/memory.memsw.limit_in_bytes")
            try TextFile.write("\(bytes)", to: path + "/memory.limit_in_bytes")
            try? TextFile.write("\(bytes)", to: path + "/memory.memsw.limit_in_bytes")
        }
    }

    /// Processes that the kernel has killed for want of memory.
    var kills: Int64 {
        switch version {
        case .second: TextFile.number(path + "/memory.events", named: "oom_kill") ?? 0
        case .first: TextFile.number(path + "/memory.oom_control", named: "oom_kill") ?? 0
        }
    }

    /// Bytes, the page cache it caused included.
    var peakBytes: Int64 {
        switch version {
        case .second: TextFile.number(path + "/memory.peak") ?? 0
        case .first: TextFile.number(path + "/memory.max_usage_in_bytes") ?? 0
        }
    }

    /// Kills what is in it now.
    func killAll() {
        for line in TextFile.read(path + "/cgroup.procs")?.split(separator: "\n") ?? [] {
            if let pid = pid_t(line), pid > 1 { kill(pid, SIGKILL) }
        }
    }

    var isEmpty: Bool { TextFile.read(path + "/cgroup.procs")?.isEmpty ?? true }
}

/// Where this agent may make control groups for memory, if anywhere.
struct MemoryGroups: Sendable {
    enum Version: Sendable { case first, second }

    private let parent: String
    /// Above the groups that count processes, in the first version.
    private let counters: String?
    private let version: Version

    /// Nil when the kernel or the container doesn't let us.
    static func detect() -> MemoryGroups? { detectFirst() ?? detectSecond() }

    private static let last = Atomic<UInt64>(0)
    /// Another process may have our number, in another namespace.
    private static let mark = String(UInt32.random(in: 0 ... .max), radix: 36)
    /// Seconds. A group that is younger may be about to be entered.
    private static let sweepingAge = 60

    func make(limit: Int64) throws(SystemError) -> MemoryGroup {
        let name = "runsurge-\(getpid())-\(Self.mark)-\(Self.last.add(1, ordering: .relaxed).newValue)"
        let path = "\(parent)/\(name)"
        guard mkdir(path, 0o755) == 0 else { throw SystemError("mkdir \(path)") }
        var counter = counters.map { "\($0)/\(name)" }
        if let made = counter, mkdir(made, 0o755) != 0 { counter = nil }
        let group = MemoryGroup(path: path, counter: counter, version: version)
        try group.limit(to: limit)
        return group
    }

    private static func detectFirst() -> MemoryGroups? {
        guard let parent = parent(of: "memory", with: "memory.limit_in_bytes") else { return nil }
        return MemoryGroups(
            parent: parent, counters: self.parent(of: "pids", with: "cgroup.procs"), version: .first)
    }

    /// Our own group of a controller, or its top where a container shows only that.
    private static func parent(of controller: Substring, with file: String) -> String? {
        guard let mount = mountPoint(type: "cgroup", option: controller) else { return nil }
        let own = ownGroup { $0.split(separator: ",").contains(controller) } ?? "/"
        for parent in [own == "/" ? mount : mount + own, mount] where isUsable(parent) && exists("\(parent)/\(file)") {
            sweep(parent)
            return parent
        }
        return nil
    }

    private static func detectSecond() -> MemoryGroups? {
        guard let mount = mountPoint(type: "cgroup2", option: nil), let own = ownGroup(where: \.isEmpty) else {
            return nil
        }
        let parent = own == "/" ? mount : mount + own
        guard isUsable(parent), delegateMemory(in: parent) else { return nil }
        sweep(parent)
        return MemoryGroups(parent: parent, counters: nil, version: .second)
    }

    /// Children of a group get the controller only when no process is in the group itself: we move to a leaf.
    private static func delegateMemory(in parent: String) -> Bool {
        func isDelegated() -> Bool {
            TextFile.read(parent + "/cgroup.subtree_control")?.split(separator: " ").contains { word in
                word.trimmedLine == "memory"
            } ?? false
        }
        let control = parent + "/cgroup.subtree_control"
        // Counting processes is a bonus.
        defer { try? TextFile.write("+pids", to: control) }
        if isDelegated() { return true }
        if (try? TextFile.write("+memory", to: control)) != nil { return isDelegated() }
        let leaf = parent + "/runsurge-agent"
        guard mkdir(leaf, 0o755) == 0 || errno == EEXIST,
            (try? TextFile.write("\(getpid())", to: leaf + "/cgroup.procs")) != nil,
            (try? TextFile.write("+memory", to: control)) != nil
        else { return false }
        return isDelegated()
    }

    private static func isUsable(_ parent: String) -> Bool {
        let probe = "\(parent)/runsurge-\(getpid())-\(mark)-probe"
        guard mkdir(probe, 0o755) == 0 else { return false }
        rmdir(probe)
        return true
    }

    /// Removes what agents that are gone have left; a group in use refuses. Whether one is gone can't be told of those in
    /// other namespaces of processes, so a group that nobody has entered yet is left alone for a while.
    private static func sweep(_ parent: String) {
        guard let folder = opendir(parent) else { return }
        defer { closedir(folder) }
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            let parts = name.split(separator: "-")
            guard parts.count >= 3, parts[0] == "runsurge", let pid = pid_t(parts[1]), kill(pid, 0) != 0 else {
                continue
            }
            var status = stat()
            guard stat("\(parent)/\(name)", &status) == 0, time(nil) - status.st_mtim.tv_sec > sweepingAge else {
                continue
            }
            rmdir("\(parent)/\(name)")
        }
    }

    private static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    private static func mountPoint(type: String, option: Substring?) -> String? {
        guard let table = TextFile.read("/proc/self/mounts") else { return nil }
        for line in table.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count >= 4, fields[2] == type else { continue }
            if let option, !fields[3].split(separator: ",").contains(option) { continue }
            return String(fields[1])
        }
        return nil
    }

    private static func ownGroup(where isWanted: (Substring) -> Bool) -> String? {
        guard let table = TextFile.read("/proc/self/cgroup") else { return nil }
        for line in table.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            if fields.count == 3, isWanted(fields[1]) { return String(fields[2]) }
        }
        return nil
    }
}

extension Substring {
    fileprivate var trimmedLine: Substring { last == "\n" ? dropLast() : self }
}
