import RunSurgeCore
import RunSurgeProtocol
import Testing

@testable import RunSurgeWorker

/// Scripts from their assignment to their outcome, over real sockets, in real sandboxes.
@Suite struct AgentDriverTests {
    @Test func aScriptRunsAndItsStreamsAndStatusComeBack() async throws {
        let agent = try await AgentFixture()
        let outcome = try await agent.run(
            "import sys\nprint('hello', sys.argv)\nprint('oops', file=sys.stderr)\nsys.exit(3)"
        ) { $0.arguments = ["a b", "é"] }
        #expect(outcome.status == .completed, "\(outcome.reason)")
        #expect(outcome.exitStatus == 3)
        #expect(try await agent.output(outcome) == "hello ['script.py', 'a b', 'é']\n")
        #expect(try await agent.errors(outcome) == "oops\n")
        #expect(outcome.peakBytes > 1 << 20)
        await agent.stopAll()
    }

    @Test func tracebacksAreThoseOfPlainPython() async throws {
        let agent = try await AgentFixture()
        let outcome = try await agent.run("def f():\n    return 1 / 0\n\nf()\n")
        #expect(outcome.exitStatus == 1)
        let text = try await agent.errors(outcome)
        #expect(text.hasPrefix("Traceback (most recent call last):\n  File \"/job/script.py\", line 4, in <module>\n"))
        #expect(text.hasSuffix("ZeroDivisionError: division by zero\n"))
        #expect(!text.contains("runsurge"))
        await agent.stopAll()
    }

    @Test(arguments: [
        ("import os; os._exit(5)", Int32(5)), ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 137),
        ("import os; os.abort()", 134),
    ])
    func anAbruptEndIsTheScriptsOwnBusiness(script: String, status: Int32) async throws {
        let agent = try await AgentFixture()
        let outcome = try await agent.run("print('before', flush=True)\n" + script)
        #expect(outcome.status == .completed)
        #expect(outcome.exitStatus == status)
        #expect(try await agent.output(outcome) == "before\n")
        await agent.stopAll()
    }

    /// A full disk on the master's side costs time and no attempt.
    @Test func outputsWaitUntilThereIsRoomForThem() async throws {
        let agent = try await AgentFixture()
        let specification = JobSpecification(
            name: "test", script: try await agent.blobs.entry("/job/script.py", "print('kept')"), inputs: [],
            workingDirectory: "/job")
        agent.blobs.isFull.store(true, ordering: .relaxed)
        try await agent.master.assignDriver(specification, job: 1, plan: AgentFixture.emptyPlan, memory: 1 << 30)
        await eventually("the outputs are turned away") { agent.blobs.refused.load(ordering: .relaxed) > 2 }
        #expect(await agent.master.driverOutcome(job: 1) == nil)
        agent.blobs.isFull.store(false, ordering: .relaxed)
        await eventually("the script's outcome") { await agent.master.driverOutcome(job: 1) != nil }
        let outcome = try #require(await agent.master.driverOutcome(job: 1))
        #expect(outcome.status == .completed)
        #expect(try await agent.output(outcome) == "kept\n")
        await agent.stopAll()
    }

    @Test func inputsLookAsSubmittedAndOutputsComeBack() async throws {
        let agent = try await AgentFixture()
        let directory = "/tmp/some/where"
        let inputs = [
            try await agent.blobs.entry("\(directory)/in.txt", "data\n", mode: 0o640),
            try await agent.blobs.entry("\(directory)/sub/keep.txt", "keep"),
            try await agent.blobs.entry("\(directory)/sub/gone.txt", "gone"),
            try await agent.blobs.entry("/data/shared/other.txt", "other"),
            try await agent.blobs.entry("/tmp/some/beside.txt", "beside"),
        ]
        let outcome = try await agent.run(
            """
            import os
            s = os.stat("in.txt")
            print(oct(s.st_mode), s.st_mtime_ns, open("in.txt").read().strip(), os.getcwd())
            print(open("/data/shared/other.txt").read(), open("../beside.txt").read())
            open("in.txt", "a").write("more\\n")
            os.remove("sub/gone.txt")
            os.mkdir("made"); os.mkdir("empty")
            open("made/out.bin", "wb").write(b"\\x00\\x01")
            os.chmod("made/out.bin", 0o755)
            try: open("/data/shared/new", "w")
            except OSError as e: print("refused", e.errno)
            """, inputs: inputs, directory: directory)
        #expect(try await agent.errors(outcome) == "")
        #expect(
            try await agent.output(outcome) == """
                0o100640 1700000000123456789 data \(directory)
                other beside
                refused 30

                """)
        let outputs = try outcome.outputs.map { try FileEntry(wire: $0) }
        #expect(outputs.map(\.path) == ["empty", "in.txt", "made", "made/out.bin"].map { "\(directory)/\($0)" })
        #expect(outcome.deleted == ["\(directory)/sub/gone.txt"])
        #expect(try await agent.blobs.text(outputs[1].blob) == "data\nmore\n")
        #expect(outputs[3].mode == 0o755)
        #expect(outputs[3].blob.size == 2)
        // The original is as it was.
        #expect(try await agent.blobs.text(inputs[0].blob) == "data\n")
        await agent.stopAll()
    }

    @Test func environmentAndSeedAreThere() async throws {
        let agent = try await AgentFixture()
        let outcome = try await agent.run(
            "import os, sys\nprint(os.environ['COLOUR'], sys.flags.hash_randomization, hash('a') == hash('a'))"
        ) {
            $0.environment = ["COLOUR": "blue", "PYTHONDONTWRITEBYTECODE": "1"]
            $0.hashSeed = 42
        }
        #expect(try await agent.output(outcome) == "blue 1 True\n")
        await agent.stopAll()
    }

    @Test func standardInputIsTheFileGiven() async throws {
        let agent = try await AgentFixture()
        let input = try await agent.blobs.put(Array("one\ntwo\n".utf8))
        let outcome = try await agent.run("import sys\nprint([l for l in sys.stdin], sys.stdin.seekable())") {
            $0.standardInput = input
        }
        #expect(try await agent.output(outcome) == "['one\\n', 'two\\n'] True\n")
        await agent.stopAll()
    }

    @Test func logsArriveWhileTheScriptRuns() async throws {
        let agent = try await AgentFixture()
        let master = agent.master
        let script = try await agent.blobs.entry(
            "/job/script.py",
            "import os, time\nprint('early', flush=True)\nwhile not os.path.exists('/job/stop'): time.sleep(0.01)")
        try await master.assignDriver(JobSpecification(name: "test", script: script))
        await eventually("the first line") { await master.segments.contains { $0.data == .init("early\n".utf8) } }
        #expect(await master.driverOutcome() == nil)
        // It runs until it is cancelled, and then nobody hears of it again.
        try await master.send(.cancel(.with { $0.leases = [] }))
        let lease = await master.token(job: 1)
        try await master.send(.cancel(.with { $0.leases = [lease] }))
        await eventually("the slot is free again") { await master.pulls.last?.freeSlots == 1 }
        #expect(await master.driverOutcome() == nil)
        await agent.stopAll()
    }

    @Test func tooMuchMemoryIsAnOutcomeOfItsOwn() async throws {
        let agent = try await AgentFixture()
        let outcome = try await agent.run("x = []\nwhile True: x.append(bytearray(b'x') * 1000000)", memory: 120 << 20)
        #expect(outcome.status == .outOfMemory)
        #expect(outcome.reason.contains("\(120 << 20)"))
        await agent.stopAll()
    }

    @Test func severalSmallJobsOneAfterTheOther() async throws {
        let agent = try await AgentFixture()
        for job in Int64(1)...5 {
            let outcome = try await agent.run("print(\(job))", job: job)
            #expect(try await agent.output(outcome) == "\(job)\n")
        }
        let leftover = FileTree.names(in: agent.folder.path + "/agent/runs")
        #expect(leftover.count <= 3, "\(leftover)")
        await agent.stopAll()
    }

    @Test func withoutASandboxItRunsAllTheSame() async throws {
        let agent = try await AgentFixture(sandboxed: false)
        let outcome = try await agent.run("open('out.txt', 'w').write('x')\nprint('hello')")
        #expect(try await agent.output(outcome) == "hello\n", "\(outcome.reason)")
        #expect(outcome.outputs.map(\.path) == ["/job/out.txt"])
        await agent.stopAll()
    }
}
