import Glibc
import Synchronization
import Testing

@testable import RunSurgeWorker

/// A sandboxed Python without the harness, and how it ended.
private final class Child: Sendable {
    let process: SandboxedProcess
    private let end: Mutex<ProcessEnd?>
    private let outputs: Mutex<Pipe>

    init(_ code: String, memory: Int64 = 512 << 20, sandbox: Sandbox, reactor: Reactor) throws {
        let end = Mutex<ProcessEnd?>(nil)
        var pipe = try Pipe()
        let null = try FileDescriptor.open("/dev/null", O_RDWR).raisedAboveReserved()
        let box = EndBox()
        process = try SandboxedProcess.start(
            SandboxedProcess.Launch(
                arguments: ["-c", code], environment: Sandbox.environment(hashSeed: 0),
                descriptors: [null.rawValue, pipe.write, null.rawValue, null.rawValue, null.rawValue], memory: memory),
            in: sandbox, reactor: reactor
        ) { box.set($0) }
        pipe.closeWrite()
        self.end = end
        self.box = box
        outputs = Mutex(pipe)
    }

    private let box: EndBox
    var ended: ProcessEnd? { box.value }

    /// Blocks until a line has come.
    func line() async throws -> String {
        let number = outputs.withLock { $0.read }
        return try await BlockingWork.run {
            var bytes: [UInt8] = []
            var byte: UInt8 = 0
            while read(number, &byte, 1) == 1, byte != 10 { bytes.append(byte) }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    func waitForEnd() async throws -> ProcessEnd {
        await eventually("the process ends") { ended != nil }
        return try #require(ended)
    }
}

private final class EndBox: Sendable {
    private let end = Mutex<ProcessEnd?>(nil)
    var value: ProcessEnd? { end.withLock { $0 } }
    func set(_ value: ProcessEnd) { end.withLock { $0 = value } }
}

@Suite struct SandboxedProcessTests {
    private static let reactor = Result { try Reactor(name: "rs-test") }

    private func child(_ code: String, memory: Int64 = 512 << 20, groups: Bool = true) async throws -> Child {
        let shared = try await TestSandbox.shared.value
        let sandbox = Sandbox(
            mode: shared.mode, interpreter: shared.interpreter, systemFolder: shared.systemFolder,
            groups: groups ? shared.groups : nil)
        return try await BlockingWork.run {
            try Child(code, memory: memory, sandbox: sandbox, reactor: try Self.reactor.get())
        }
    }

    @Test(arguments: [
        ("raise SystemExit(7)", 7), ("import os; os._exit(3)", 3), ("1/0", 1), ("pass", 0),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", 143), ("import os; os.abort()", 134),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 137),
    ])
    func reportsTheStatusAsAShellWould(code: String, status: Int32) async throws {
        let end = try await child(code).waitForEnd()
        #expect(end.status == status)
        #expect(!end.ranOutOfMemory)
        #expect(!end.wasKilledFromOutside)
    }

    private func parent(of pid: pid_t) -> pid_t? {
        guard let text = TextFile.read("/proc/\(pid)/stat"), let end = text.lastIndex(of: ")") else { return nil }
        return text[text.index(after: end)...].split(separator: " ").dropFirst().first.flatMap { pid_t($0) }
    }

    /// What a script does to itself is its result; what is done to its sandbox is not.
    @Test func aSandboxThatSomebodyKillsIsToldFromAScriptThatDies() async throws {
        let child = try await child("print('ready', flush=True)\nimport time\ntime.sleep(600)")
        #expect(try await child.line() == "ready")
        let python = try #require(child.process.python)
        // Python's parent is number 1 inside, and bubblewrap the parent of that.
        let first = try #require(parent(of: python))
        let sandbox = try #require(parent(of: first))
        kill(sandbox, SIGKILL)
        let end = try await child.waitForEnd()
        #expect(end.status == 137)
        #expect(end.wasKilledFromOutside)
        #expect(!end.ranOutOfMemory)
    }

    @Test func whatAScriptLeavesBehindIsGoneWithIt() async throws {
        let mark = "mark\(UInt64.random(in: 0 ... .max))"
        func marked() -> [String] {
            FileTree.names(in: "/proc").filter { TextFile.read("/proc/\($0)/cmdline")?.contains(mark) ?? false }
        }
        let child = try await child(
            """
            import os, sys, time
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0: time.sleep(600)
                os._exit(0)
            print("\(mark)", flush=True)
            time.sleep(600)
            """)
        #expect(try await child.line() == mark)
        #expect(!marked().isEmpty)
        // Python's own process alone is told to end.
        child.process.terminate()
        _ = try await child.waitForEnd()
        #expect(marked() == [])
    }

    @Test func killingEndsEverythingAtOnce() async throws {
        let child = try await child(
            """
            import os, signal, time
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            os.fork()
            print("ready", flush=True)
            time.sleep(600)
            """)
        #expect(try await child.line() == "ready")
        child.process.kill()
        #expect(try await child.waitForEnd().status == 137)
    }

    @Test func aScriptMayEndByItselfWhenAsked() async throws {
        let child = try await child(
            """
            import signal, sys, time
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(9))
            print("ready", flush=True)
            while True: time.sleep(0.05)
            """)
        #expect(try await child.line() == "ready")
        child.process.terminate()
        #expect(try await child.waitForEnd().status == 9)
    }

    @Test(arguments: [true, false])
    func tooMuchMemoryIsReportedAsSuch(withGroups: Bool) async throws {
        let child = try await child(
            """
            held = []
            while True: held.append(bytearray(b"x") * (1 << 20))
            """, memory: 100 << 20, groups: withGroups)
        let end = try await child.waitForEnd()
        #expect(end.ranOutOfMemory)
        if withGroups, try await TestSandbox.shared.value.groups != nil { #expect(end.peakBytes > 90 << 20) }
    }

    @Test func withinTheLimitNothingHappens() async throws {
        let end = try await child("x = bytearray(b'x') * (40 << 20)", memory: 100 << 20).waitForEnd()
        #expect(end.status == 0)
        #expect(!end.ranOutOfMemory)
    }

    @Test func knowsPythonsOwnNumberAndMemory() async throws {
        let child = try await child(
            "import time; x = bytearray(b'x') * (50 << 20); print('ready', flush=True); time.sleep(600)")
        #expect(try await child.line() == "ready")
        let python = try #require(child.process.python)
        #expect(try #require(ProcessTree.peakBytes(of: python)) > 50 << 20)
        #expect(child.process.residentBytes > 50 << 20)
        #expect(try #require(ProcessTree.cpuMicroseconds(of: python)) >= 0)
        child.process.kill()
        _ = try await child.waitForEnd()
    }
}
