import CLibPQ
import CLinux
import Glibc

/// A child process: the server, or one of its tools. It ends with the thread that started it.
struct ServerProcess: Sendable {
    enum Ending: Sendable, Equatable { case exited(Int32), signalled(Int32) }

    let identifier: pid_t

    /// Starts `path` in `/`, or in `folder`. Blocks until it executes. Throws `errno`.
    static func start(
        _ path: String, _ arguments: [String], output: Int32, account: ServerAccount? = nil, keepsSearch: Bool = false,
        deathSignal: Int32 = SIGKILL
    ) throws(SystemCallError) -> ServerProcess {
        let environment = ["PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C", "TZ=UTC", "HOME=/"]
        let words = ([path] + arguments).map { strdup($0) } + [nil]
        let variables = environment.map { strdup($0) } + [nil]
        defer { (words + variables).forEach { free($0) } }
        let status = "/".withCString { folder in
            var options = runsurge_spawn_options(
                working_folder: folder, output: output, change_account: account?.isOther == true ? 1 : 0,
                user: account?.user ?? 0, group: account?.group ?? 0, keep_search: keepsSearch ? 1 : 0,
                parent_death_signal: deathSignal)
            return runsurge_spawn(path, words, variables, &options)
        }
        guard status > 0 else { throw SystemCallError(code: -status) }
        return ServerProcess(identifier: status)
    }

    /// What a tool prints, without the line's end; nil when it fails.
    static func capture(_ path: String, _ arguments: [String]) -> String? {
        var pipes: [Int32] = [-1, -1]
        guard runsurge_pipe(&pipes) == 0 else { return nil }
        defer { close(pipes[0]) }
        let process = try? start(path, arguments, output: pipes[1])
        close(pipes[1])
        guard let process else { return nil }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1024)
        while bytes.count < 65_536 {
            let count = read(pipes[0], &block, block.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            bytes += block[..<count]
        }
        guard process.wait() == .exited(0) else { return nil }
        return String(decoding: bytes, as: UTF8.self).trimmingNewlines()
    }

    /// Blocks until it has ended.
    func wait() -> Ending { ending(options: 0) ?? .exited(127) }

    /// How it ended; nil while it runs. Once told, the process is forgotten.
    func poll() -> Ending? { ending(options: WNOHANG) }

    private func ending(options: Int32) -> Ending? {
        var status: Int32 = 0
        var result: pid_t
        repeat { result = waitpid(identifier, &status, options) } while result < 0 && errno == EINTR
        if result == 0 { return nil }
        guard result == identifier else { return .exited(127) }
        return status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .signalled(status & 0x7F)
    }

    func send(_ signal: Int32) { kill(identifier, signal) }

    /// A descriptor that is readable once the process has ended; the caller closes it. nil when the kernel has none.
    func endDescriptor() -> Int32? {
        let descriptor = runsurge_pidfd_open(identifier)
        return descriptor >= 0 ? descriptor : nil
    }
}

/// Processes that are attached to a System V shared memory segment.
enum SharedMemory {
    /// 0 when there is no such segment.
    static func users(of identifier: Int32) -> Int { max(0, Int(runsurge_shared_memory_users(identifier))) }
}

/// `errno` of a call that failed.
struct SystemCallError: Error, CustomStringConvertible {
    let code: Int32
    var description: String { String(cString: strerror(code)) }
}
