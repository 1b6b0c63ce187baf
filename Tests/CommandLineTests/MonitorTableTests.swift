import RunSurgeProtocol
import Testing

@testable import runsurge

@Suite struct MonitorTableTests {
    private func busyCluster() throws -> Events {
        var events = Events()
        try events.beacon(sequence: 0)
        events.now = 2
        try events.beacon(sequence: 2) { beacon in
            beacon.chunksAccepted = 25_000
            beacon.readyChunks = 1_204
            beacon.leasedChunks = 384
            beacon.oldestLeaseMilliseconds = 1_200
            beacon.runningJobs = 1
            beacon.attemptsLost = 3
            beacon.queues = [
                .with {
                    $0.memoryBytes = 512 << 20; $0.readyChunks = 1_200
                },
                .with {
                    $0.pythonVersion = "3.11.2"
                    $0.modules = ["numpy"]
                    $0.memoryBytes = 1 << 30
                    $0.readyChunks = 4
                    $0.waitingDrivers = 1
                },
            ]
        }
        try events.state(1, .attached) {
            $0.leases = 300; $0.oldestLeaseMilliseconds = 1_200
        }
        try events.state(12, .dead, name: "beta")
        try events.heartbeat(1) { beat in
            beat.busySlots = 2
            beat.memoryUsedBytes = 300 << 20
            beat.chunksCompleted = 20_334
            beat.resultsUnacknowledged = 12
            beat.loadAverage = 1.327
            beat.running = [
                .with {
                    $0.jobID = 5
                    $0.regionID = 3
                    $0.chunkIndex = 2_034
                    $0.runningMilliseconds = 200
                    $0.residentBytes = 45 << 20
                },
                .with {
                    $0.jobID = 5; $0.runningMilliseconds = 12_400; $0.residentBytes = 80 << 20
                },
            ]
        }
        return events
    }

    @Test func everythingHasItsPlace() throws {
        let lines = MonitorTable(snapshot: try busyCluster().snapshot).lines(width: 200)
        #expect(
            lines == [
                "RunSurge  term 7  1 nodes, 1 gone  2/2 slots busy  12,500 chunks/s  beacon 0.0 s ago",
                "jobs 1 running, 0 waiting  chunks 1,204 ready, 384 leased (oldest 1.2 s)  accepted 25,000  lost 3  "
                    + "bad messages 0  missed beacons 1",
                "queue  any Python, up to 512.0 MiB: chunks 1,200, scripts 0",
                "queue  Python 3.11.2 with numpy, up to 1.0 GiB: chunks 4, scripts 1", "",
                "NODE  NAME   STATE           SLOTS  MEMORY             CHUNKS/S    DONE  FAILED  UNACKED  LEASES  OLDEST"
                    + "  LOAD   BEAT",
                "   1  alpha  attached 2.0 s    2/2  300.0 MiB/8.0 GiB         -  20,334       0       12     300   1.2 s"
                    + "  1.33  0.0 s",
                "      job 5  script  12 s  80.0 MiB", "      job 5  region 3 chunk 2034  0.2 s  45.0 MiB",
                "  12  beta   dead 2.0 s        0/2  0 B/8.0 GiB               -       0       0        0       0       -"
                    + "   0.0      -",
            ])
    }

    @Test(arguments: [1, 2, 20, 79, 80]) func noLineIsWiderThanTheTerminal(width: Int) throws {
        let lines = MonitorTable(snapshot: try busyCluster().snapshot).lines(width: width, height: 50)
        #expect(lines.allSatisfy { $0.count <= width })
    }

    @Test(arguments: 1...12) func noMoreLinesThanTheTerminalHas(height: Int) throws {
        let table = MonitorTable(snapshot: try busyCluster().snapshot)
        let all = table.lines(width: 80)
        let lines = table.lines(width: 80, height: height)
        #expect(lines.count == min(height, all.count))
        if height < all.count { #expect(lines.last?.contains("\(all.count - height + 1) more lines") == true) }
    }

    @Test func aMasterThatIsSilentIsSaidToBeAway() throws {
        var events = try busyCluster()
        events.now += 7
        let line = MonitorTable(snapshot: events.snapshot).lines(width: 200)[0]
        #expect(line.contains("NO BEACON for 7.0 s"))
        #expect(MonitorTable(snapshot: Events().snapshot).lines(width: 80)[0] == "RunSurge: no beacon of a master yet")
    }

    @Test func coloursAreAddedToLinesThatFit() throws {
        let table = MonitorTable(snapshot: try busyCluster().snapshot, isColoured: true)
        let dead = try #require(table.lines(width: 60).last)
        #expect(dead.hasPrefix("\u{1B}[31m") && dead.hasSuffix("…\u{1B}[0m"))
        #expect(dead.count == 60 + "\u{1B}[31m".count + "\u{1B}[0m".count)
    }

    @Test func whatAWorkerCallsItselfDoesNotMoveTheCursor() throws {
        var events = Events()
        try events.beacon(sequence: 0) { $0.queues = [.with { $0.modules = ["a\nb"] }] }
        try events.state(1, .attached, name: "evil\u{1B}[2J\n\u{9B}")
        let text = MonitorTable(snapshot: events.snapshot).lines(width: 200).joined()
        #expect(!text.contains("\u{1B}") && !text.contains("\n") && !text.contains("\u{9B}"))
    }

    @Test(arguments: [
        (0.04, "0.0 s"), (9.94, "9.9 s"), (59, "59 s"), (125, "2 min"), (7_300, "2 h"), (200_000, "2 d"),
    ])
    func timesAreShort(seconds: Double, text: String) { #expect(MonitorTable.time(seconds) == text) }

    @Test(arguments: [
        ("tcp://*:50054", "http://10.0.0.7:8000", "tcp://10.0.0.7:50054"),
        ("tcp://127.0.0.1:50054", "http://master.example:8000", "tcp://master.example:50054"),
        ("tcp://127.0.0.1:50054", "http://localhost:8000", "tcp://127.0.0.1:50054"),
        ("tcp://*:1", "http://[fe80::1]:8000", "tcp://[fe80::1]:1"),
        ("tcp://10.1.1.1:50054", "http://other:8000", "tcp://10.1.1.1:50054"),
        ("ipc:///run/x/events", "http://other:8000", "ipc:///run/x/events"),
    ])
    func anEndpointIsWhereTheMasterWasReached(endpoint: String, url: String, expected: String) {
        #expect(EventsLink.reachable(endpoint, by: url) == expected)
    }
}
