import Glibc

/// `postmaster.pid`, which a server keeps in its cluster while it runs, and leaves behind when it is killed.
struct PostmasterFile {
    let path: String
    let process: pid_t
    let sharedMemory: Int32?
    let isReady: Bool

    init?(cluster: String) {
        path = "\(cluster)/postmaster.pid"
        guard let text = FileTree.read(path) else { return nil }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard let process = lines.first.flatMap({ pid_t($0) }), process > 1 else { return nil }
        self.process = process
        // Line 7: key and number of the shared memory segment that guards the cluster. Line 8: what it does.
        sharedMemory = lines.count > 6 ? lines[6].split(separator: " ").last.flatMap { Int32($0) } : nil
        isReady = lines.count > 7 && lines[7].hasPrefix("ready")
    }

    /// Ends whatever an earlier server of `cluster` has left running, and the file that it left. The caller holds the
    /// folder's lock, so no other program starts one meanwhile. Blocks; false when something cannot be ended.
    static func settle(cluster: String) -> Bool {
        guard let file = PostmasterFile(cluster: cluster) else { return true }
        // It may be ending already, because its parent has: a fast end keeps what is committed and needs no recovery.
        for (signal, patience) in [(SIGINT, 8.0), (SIGQUIT, 3.0), (SIGKILL, 3.0)] {
            guard isServer(file.process, of: cluster) else { break }
            kill(file.process, signal)
            waitUntil(patience) { !isServer(file.process, of: cluster) }
        }
        // Its children leave by themselves, unless they are busy.
        if !waitUntil(2, { users(file) == 0 }) {
            orphans(of: cluster).forEach { kill($0, SIGKILL) }
            waitUntil(3) { users(file) == 0 }
        }
        guard users(file) == 0, !isServer(file.process, of: cluster) else { return false }
        // The number may belong to some other process by now, which would make PostgreSQL refuse to start.
        unlink(file.path)
        return true
    }

    private static func users(_ file: PostmasterFile) -> Int {
        file.sharedMemory.map { SharedMemory.users(of: $0) } ?? 0
    }

    private static func isServer(_ process: pid_t, of cluster: String) -> Bool {
        guard let line = FileTree.read("/proc/\(process)/cmdline") else { return false }
        return line.split(separator: "\0").contains(Substring(cluster))
    }

    /// Every process of a server works in its cluster.
    private static func orphans(of cluster: String) -> [pid_t] {
        FileTree.names(in: "/proc").compactMap { pid_t($0) }.filter { process in
            var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
            let length = readlink("/proc/\(process)/cwd", &buffer, buffer.count - 1)
            return length > 0
                && String(decoding: buffer[..<length].map(UInt8.init(bitPattern:)), as: UTF8.self) == cluster
        }
    }

    @discardableResult
    private static func waitUntil(_ seconds: Double, _ condition: () -> Bool) -> Bool {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while !condition() {
            guard ContinuousClock.now < deadline else { return false }
            usleep(2_000)
        }
        return true
    }
}
