internal import CLinux
internal import Dispatch
internal import Glibc
internal import Synchronization

/// How a process ended, all its children included.
struct ProcessEnd: Sendable, Equatable {
    /// As a shell reports it.
    let status: Int32
    let ranOutOfMemory: Bool
    /// Bytes; of the whole control group where there is one, so an upper bound for Python's own.
    let peakBytes: Int64
    /// Somebody outside of the sandbox killed it: what was in it had no say in that.
    var wasKilledFromOutside = false
    /// User and system time.
    var cpuMicroseconds: Int64 = 0
}

/// A running process tree, outside and inside of its sandbox.
final class SandboxedProcess: Sendable {
    struct Launch: Sendable {
        var arguments: [String]
        var environment: [String]
        var mounts: [Mount] = []
        /// Shown as /tmp; nil: a small one in memory.
        var temporary: String?
        /// Become 0, 1, 2, 3, 4.
        var descriptors: [Int32]
        /// Bytes.
        var memory: Int64
    }

    private struct State {
        var watches: [Watch] = []
        var firstHasEnded = false
        var hasEnded = false
        var wasOverLimit = false
        var wasKilledByUs = false
        var limit: Int64
    }

    private struct Watch {
        let pid: pid_t
        let descriptor: Int32
        let ticket: Reactor.Ticket
    }

    private let reactor: Reactor
    private let group: MemoryGroup?
    private let state: Mutex<State>
    private let onEnd: @Sendable (ProcessEnd) -> Void
    /// Our child: bubblewrap, or Python itself without a sandbox.
    private let outer: pid_t
    /// The first process of the sandbox's own numbering; when it is gone, all inside are.
    private let first: pid_t?

    /// Blocks for a few milliseconds. `onEnd` is called once, when every process in it is gone.
    static func start(
        _ launch: Launch, in sandbox: Sandbox, reactor: Reactor, onEnd: @escaping @Sendable (ProcessEnd) -> Void
    ) throws -> SandboxedProcess {
        let group = try sandbox.groups?.make(limit: launch.memory)
        group?.limitProcesses(to: sandbox.limits.processes)
        // No bound on the address space: a script's own `except Exception` would take the failing allocation for one of
        // its errors and go on. Without a group the watchdog looks at what is resident.
        var info = try Pipe()
        let command = sandbox.command(
            arguments: launch.arguments, mounts: launch.mounts, temporary: launch.temporary,
            infoDescriptor: sandbox.isOn ? Int32(launch.descriptors.count) : nil)
        let pid = try Spawner.shared.start(
            ChildStart(
                path: command[0], arguments: Array(command.dropFirst()), environment: launch.environment,
                descriptors: launch.descriptors + (sandbox.isOn ? [info.write] : []), limits: sandbox.limits,
                groups: group?.processesFiles ?? []))
        info.closeWrite()
        let first = sandbox.isOn ? firstProcess(from: info.read) : nil
        let process = SandboxedProcess(
            outer: pid, first: first, group: group, limit: launch.memory, reactor: reactor, onEnd: onEnd)
        try process.watch()
        if group == nil { MemoryWatchdog.shared.watch(process) }
        return process
    }

    private init(
        outer: pid_t, first: pid_t?, group: MemoryGroup?, limit: Int64, reactor: Reactor,
        onEnd: @escaping @Sendable (ProcessEnd) -> Void
    ) {
        self.outer = outer
        self.first = first
        self.group = group
        self.reactor = reactor
        self.onEnd = onEnd
        state = Mutex(State(limit: limit))
    }

    /// bubblewrap says who is number 1 inside, or ends without a word.
    private static func firstProcess(from info: Int32) -> pid_t? {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 512)
        while true {
            let count = read(info, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            bytes += piece[..<count]
            // It keeps the descriptor open for longer than it has something to say.
            if bytes.last == UInt8(ascii: "\n"), bytes.contains(UInt8(ascii: "}")) { break }
        }
        guard let head = try? JSONReader.read(bytes), let pid = head["child-pid"]?.integer else { return nil }
        return pid_t(pid)
    }

    private func watch() throws(SystemError) {
        for pid in [outer] + (first.map { [$0] } ?? []) {
            let descriptor = runsurge_pidfd_open(pid)
            // Gone already: only the outer one leaves something to wait for, and it can't vanish before that.
            if descriptor < 0, pid != outer { continue }
            guard descriptor >= 0 else { throw SystemError("pidfd_open") }
            try state.withLock { (state) throws(SystemError) in
                let ticket = try reactor.watch(descriptor, .reading) { [self] _ in ended(descriptor) }
                state.watches.append(Watch(pid: pid, descriptor: descriptor, ticket: ticket))
            }
        }
    }

    private func ended(_ descriptor: Int32) {
        let isLast = state.withLock { state -> Bool in
            guard let position = state.watches.firstIndex(where: { $0.descriptor == descriptor }) else { return false }
            let watch = state.watches.remove(at: position)
            reactor.forget(watch.ticket, of: descriptor)
            close(descriptor)
            if watch.pid == first { state.firstHasEnded = true }
            state.hasEnded = state.watches.isEmpty
            return state.hasEnded
        }
        guard isLast else { return }
        let end = ChildStart.waitForEnd(outer)
        // Without a namespace of their own, children may have stayed behind.
        if first == nil { Glibc.kill(-outer, SIGKILL) }
        endWhenEmpty(end)
    }

    private static let emptying = DispatchQueue(label: "runsurge.worker.emptying")
    private static let emptyingInterval = DispatchTimeInterval.milliseconds(10)

    /// What still is in the control group holds its memory: killed, and waited for.
    private func endWhenEmpty(_ end: ChildStart.End) {
        guard let group, !group.isEmpty else { return report(end) }
        group.killAll()
        Self.emptying.asyncAfter(deadline: .now() + Self.emptyingInterval) { [self] in endWhenEmpty(end) }
    }

    private func report(_ end: ChildStart.End) {
        let kills = group?.kills ?? 0
        let (wasOverLimit, wasKilledByUs) = state.withLock { ($0.wasOverLimit, $0.wasKilledByUs) }
        // A script that dies of a signal makes bubblewrap end with a status; bubblewrap itself is out of its reach.
        onEnd(
            ProcessEnd(
                status: end.status, ranOutOfMemory: kills > 0 || wasOverLimit, peakBytes: group?.peakBytes ?? 0,
                wasKilledFromOutside: first != nil && end.isBySignal && !wasKilledByUs,
                cpuMicroseconds: end.cpuMicroseconds))
    }

    /// Python's own number outside of the sandbox; nil when it is gone, or not there yet.
    var python: pid_t? {
        guard let first else { return outer }
        return ProcessTree.children(of: first).min()
    }

    /// So far; 0 when it is gone.
    var cpuMicroseconds: Int64 { python.flatMap(ProcessTree.cpuMicroseconds) ?? 0 }
    var residentBytes: Int64 { ProcessTree.residentBytes(of: first ?? outer) }
    var limit: Int64 { state.withLock { $0.limit } }

    /// For a process that has not begun yet.
    func setLimit(to bytes: Int64) {
        state.withLock { $0.limit = bytes }
        try? group?.limit(to: bytes)
    }

    /// Lets it use more; never less, for it may use it already.
    func raiseLimit(to bytes: Int64) {
        let mustRaise = state.withLock { state in
            guard bytes > state.limit else { return false }
            state.limit = bytes
            return true
        }
        if mustRaise { try? group?.limit(to: bytes) }
    }

    /// Asks the script and all that it has started to end.
    func terminate() {
        signal { _ in
            guard let first else {
                Glibc.kill(-outer, SIGTERM)
                return
            }
            for pid in ProcessTree.descendants(of: first) { Glibc.kill(pid, SIGTERM) }
        }
    }

    /// Ends all its processes at once.
    func kill() {
        state.withLock { $0.wasKilledByUs = true }
        signal { state in
            if let first, !state.firstHasEnded { Glibc.kill(first, SIGKILL) }
            Glibc.kill(first == nil ? -outer : outer, SIGKILL)
        }
    }

    /// Kills it for want of memory.
    func killOverLimit() {
        state.withLock { $0.wasOverLimit = true }
        kill()
    }

    var hasEnded: Bool { state.withLock { $0.hasEnded } }

    /// Never a number that somebody else has by now: as long as we have not waited, the numbers stay taken.
    private func signal(_ body: (State) -> Void) {
        state.withLock { state in if !state.hasEnded { body(state) } }
    }
}
