import Glibc
import Testing

@testable import RunSurgeWorker

/// Real bubblewrap, real Python.
@Suite struct SandboxTests {
    private func python(
        _ code: String, mounts: [Mount] = [], limits: ProcessLimits = ProcessLimits(), group: MemoryGroup? = nil
    ) async throws -> CapturedCommand.Answer {
        let sandbox = try await TestSandbox.shared.value
        return try await BlockingWork.run {
            let command = sandbox.command(arguments: ["-c", code], mounts: mounts, temporary: nil, infoDescriptor: nil)
            return try CapturedCommand(
                path: command[0], arguments: Array(command.dropFirst()), environment: Sandbox.environment(hashSeed: 0),
                timeout: .seconds(60), outputLimit: 1 << 20, limits: limits, group: group
            ).run()
        }
    }

    private func expectOutput(_ code: String, _ expected: String, mounts: [Mount] = []) async throws {
        let answer = try await python(code, mounts: mounts)
        let text = String(decoding: answer.output, as: UTF8.self)
        #expect(text == expected, "\(String(decoding: answer.error, as: UTF8.self))")
    }

    @Test func hasNoNetwork() async throws {
        try await expectOutput(
            """
            import socket
            names = [name for _, name in socket.if_nameindex()]
            try:
                socket.create_connection(("1.1.1.1", 53), timeout=2)
                print("connected", names)
            except OSError as error:
                print(names, error.errno)
            """, "['lo'] 101\n")
    }

    @Test func canNotReachTheLoopbackOfTheHost() async throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        try withUnsafeMutablePointer(to: &address) {
            try $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                try #require(bind(listener, $0, length) == 0 && listen(listener, 1) == 0)
                try #require(getsockname(listener, $0, &length) == 0)
            }
        }
        let port = UInt16(bigEndian: address.sin_port)
        try await expectOutput(
            "import socket\ns = socket.socket()\nprint(s.connect_ex(('127.0.0.1', \(port))) != 0)", "True\n")
    }

    @Test func seesOnlyItsOwnProcesses() async throws {
        try await expectOutput(
            "import os\nprint(sorted(n for n in os.listdir('/proc') if n.isdigit()))\nprint(os.getpid())",
            "['1', '2']\n2\n")
    }

    @Test func hasNoRightsToGiveAway() async throws {
        try await expectOutput(
            """
            import os
            status = dict(line.split(":", 1) for line in open("/proc/self/status") if ":" in line)
            print(os.getuid(), os.geteuid(), status["CapEff"].strip(), status["CapBnd"].strip(), status["NoNewPrivs"].strip())
            """, "1000 1000 0000000000000000 0000000000000000 1\n")
    }

    @Test(arguments: ["/new", "/usr/new", "/etc/new", "/root/new", "/home/new", "/dev/new/x", "/proc/new", "/run/new"])
    func canNotWriteOutside(path: String) async throws {
        try await expectOutput(
            "try:\n    open('\(path)', 'w')\n    print('written')\nexcept OSError: print('refused')", "refused\n")
    }

    @Test func canNotSeeTheFilesOfTheHost() async throws {
        let folder = try TestFolder()
        try TextFile.write("secret", to: folder.path + "/secret", creating: true)
        try await expectOutput(
            """
            import os
            print(os.path.exists("\(folder.path)"), os.path.exists("/etc/shadow"), os.path.exists("/var"), os.listdir("/tmp"))
            """, "False False False []\n")
    }

    @Test func readOnlyMountsCanNotBeChangedInAnyWay() async throws {
        let folder = try TestFolder()
        try TextFile.write("kept", to: folder.path + "/input", creating: true)
        try await expectOutput(
            """
            import os
            def refused(action):
                try:
                    action()
                    return False
                except OSError:
                    return True
            p = "/tmp/data/input"
            print(open(p).read(), refused(lambda: open(p, "r+")), refused(lambda: os.chmod(p, 0o777)),
                  refused(lambda: os.remove(p)), refused(lambda: os.utime(p, (1, 1))), refused(lambda: os.truncate(p, 0)),
                  refused(lambda: os.link(p, "/tmp/x")), refused(lambda: open("/tmp/data/new", "w")))
            """, "kept True True True True True True True\n", mounts: [.readOnly(folder.path, at: "/tmp/data")])
        #expect(TextFile.read(folder.path + "/input") == "kept")
    }

    @Test func writableMountsShowTheWritersFilesOutside() async throws {
        let folder = try TestFolder()
        try await expectOutput(
            "open('/home/somebody/deep/out.txt', 'w').write('hello')", "",
            mounts: [.writable(folder.path, at: "/home/somebody/deep")])
        #expect(TextFile.read(folder.path + "/out.txt") == "hello")
    }

    @Test func canNotMakeNamespacesOfItsOwn() async throws {
        try await expectOutput(
            """
            import ctypes
            print(ctypes.CDLL(None, use_errno=True).unshare(0x10000000))
            """, "-1\n")
    }

    @Test func startsWithAMinimalEnvironment() async throws {
        setenv("RUNSURGE_TEST_SECRET", "1", 1)
        try await expectOutput(
            "import os\nprint(sorted(os.environ))\nprint(os.environ['PYTHONHASHSEED'], os.getcwd())",
            "['HOME', 'LANG', 'LC_CTYPE', 'PATH', 'PWD', 'PYTHONHASHSEED']\n0 /\n"
                .replacing("'LC_CTYPE', ", with: ""))
    }

    @Test func keepsItsLimits() async throws {
        var limits = ProcessLimits()
        limits.openFiles = 64
        limits.fileBytes = 1_000
        let answer = try await python(
            """
            import resource
            print(resource.getrlimit(resource.RLIMIT_NOFILE), resource.getrlimit(resource.RLIMIT_CORE))
            try:
                with open("/tmp/big", "wb") as f: f.write(b"x" * 100000)
                print("written")
            except OSError as error: print(error.errno)
            """, limits: limits)
        #expect(String(decoding: answer.output, as: UTF8.self) == "(64, 64) (0, 0)\n27\n")
    }

    @Test func aForkBombRunsIntoItsBound() async throws {
        var limits = ProcessLimits()
        limits.processes = 40
        let group = try await TestSandbox.shared.value.groups?.make(limit: 1 << 30)
        group?.limitProcesses(to: limits.processes)
        let answer = try await python(
            """
            import os, time
            count = 0
            try:
                while count < 1000:
                    if os.fork() == 0:
                        time.sleep(30)
                        os._exit(0)
                    count += 1
                print("no bound")
            except OSError: print("bounded")
            """, limits: limits, group: group)
        #expect(String(decoding: answer.output, as: UTF8.self) == "bounded\n")
    }

    @Test func saysWhatToInstallWithoutBubblewrap() async throws {
        let folder = try TestFolder()
        let interpreter = try await TestSandbox.shared.value.interpreter
        // An empty PATH has no bwrap in it. Asked for by name only, so that other tests keep theirs.
        let error = #expect(throws: WorkerError.self) {
            _ = try Sandbox.prepare(isOn: true, interpreter: interpreter, folder: folder.path, program: "no-such-bwrap")
        }
        #expect("\(try #require(error))".contains("apt-get install bubblewrap"))
    }

    /// `/tmp` of the sandbox is its own, and shows the environment all the same.
    @Test func aVirtualEnvironmentMayLieInTheTemporaryFolder() async throws {
        let folder = try TestFolder()
        #expect(folder.path.hasPrefix("/tmp/"))
        let system = try await TestSandbox.shared.value.interpreter
        let environment = folder.path + "/environment"
        let sandbox = try await BlockingWork.run {
            let made = try CapturedCommand(
                path: system.executable, arguments: ["-m", "venv", "--without-pip", environment],
                environment: Interpreter.hostEnvironment, timeout: .seconds(60), outputLimit: 65_536
            ).run()
            #expect(made.status == 0)
            let interpreter = try Interpreter.resolve(environment + "/bin/python3")
            return try Sandbox.prepare(isOn: true, interpreter: interpreter, folder: folder.path)
        }
        let script = "import sys; print(sys.prefix)"
        let command = sandbox.command(arguments: ["-c", script], mounts: [], temporary: nil, infoDescriptor: nil)
        let answer = try await BlockingWork.run {
            try CapturedCommand(
                path: command[0], arguments: Array(command.dropFirst()), environment: Sandbox.environment(hashSeed: 0),
                timeout: .seconds(20), outputLimit: 65_536
            ).run()
        }
        #expect(String(decoding: answer.output, as: UTF8.self) == environment + "\n")
    }
}
