internal import CLinux
internal import Glibc

/// Bounds that the kernel holds a process and its children to.
struct ProcessLimits: Sendable {
    var openFiles: UInt = 4_096
    /// Processes and threads.
    var processes: UInt = 512
    /// Bytes of one file.
    var fileBytes: UInt = 4 << 30
    /// Bytes of address space; only where no control group limits the memory.
    var addressBytes: UInt = .max
    /// Of one process.
    var cpuSeconds: UInt = 7 * 24 * 3_600
}

/// Starts a child in a session of its own, with the descriptors given as 0, 1, 2, … and no others. The kernel kills it
/// when the thread that starts it ends, however that ends.
struct ChildStart {
    let path: String
    let arguments: [String]
    let environment: [String]
    /// All of at least 10.
    let descriptors: [Int32]
    var limits = ProcessLimits()
    /// Files that put who writes to them into the groups to be in from the first instruction on.
    var groups: [String] = []

    func start() throws(SystemError) -> pid_t {
        let argumentList = CStringList([path] + arguments)
        let environmentList = CStringList(environment)
        let groupList = CStringList(groups)
        var failure: Int32 = 0
        let pid = withExtendedLifetime((argumentList, environmentList, groupList)) {
            fill(argumentList, environmentList, groupList, failure: &failure)
        }
        guard pid > 0 else { throw SystemError("start \(path)", code: failure) }
        return pid
    }

    private func fill(
        _ argumentList: CStringList, _ environmentList: CStringList, _ groupList: CStringList, failure: inout Int32
    ) -> pid_t {
        path.withCString { path in
            descriptors.withUnsafeBufferPointer { descriptors in
                groupList.constant { groups in
                    var spawn = runsurge_spawn()
                    spawn.path = path
                    spawn.arguments = UnsafePointer(argumentList.pointer)
                    spawn.environment = UnsafePointer(environmentList.pointer)
                    spawn.descriptors = descriptors.baseAddress
                    spawn.descriptor_count = descriptors.count
                    spawn.groups = groups
                    spawn.group_count = self.groups.count
                    spawn.open_files = limits.openFiles
                    spawn.processes = limits.processes
                    spawn.file_bytes = limits.fileBytes
                    spawn.address_bytes = limits.addressBytes
                    spawn.cpu_seconds = limits.cpuSeconds
                    let pid = runsurge_start(&spawn)
                    failure = errno
                    return pid
                }
            }
        }
    }

    /// How a child ended.
    struct End {
        /// As a shell reports it: 128 + signal when killed.
        let status: Int32
        /// Whether it was a signal that ended the child itself.
        let isBySignal: Bool
        /// User and system time of the child and of all that it has waited for.
        let cpuMicroseconds: Int64
    }

    /// Blocks until the child is gone; its status.
    static func wait(_ pid: pid_t) -> Int32 { waitForEnd(pid).status }

    /// Blocks until the child is gone.
    static func waitForEnd(_ pid: pid_t) -> End {
        var status: Int32 = 0
        var usage = rusage()
        while wait4(pid, &status, 0, &usage) < 0, errno == EINTR {}
        let seconds = Int64(usage.ru_utime.tv_sec) + Int64(usage.ru_stime.tv_sec)
        let microseconds = Int64(usage.ru_utime.tv_usec) + Int64(usage.ru_stime.tv_usec)
        return End(
            status: shellStatus(status), isBySignal: status & 0x7f != 0,
            cpuMicroseconds: seconds * 1_000_000 + microseconds)
    }

    /// Blocks until the child has ended, and leaves its number taken; its status.
    static func peek(_ pid: pid_t) -> Int32 {
        var information = siginfo_t()
        while waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) < 0, errno == EINTR {}
        let status = information._sifields._sigchld.si_status
        return information.si_code == CLD_EXITED ? status : 128 + status
    }

    static func shellStatus(_ status: Int32) -> Int32 {
        let signal = status & 0x7f
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal
    }
}

/// A null-terminated array of C strings, for as long as it lives.
private final class CStringList {
    let pointer: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ texts: [String]) {
        count = texts.count
        pointer = .allocate(capacity: count + 1)
        for (index, text) in texts.enumerated() { (pointer + index).initialize(to: strdup(text)) }
        (pointer + count).initialize(to: nil)
    }

    func constant<Value>(_ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Value) -> Value {
        pointer.withMemoryRebound(to: UnsafePointer<CChar>?.self, capacity: count + 1) { body($0) }
    }

    deinit {
        for index in 0..<count { free(pointer[index]) }
        pointer.deallocate()
    }
}
