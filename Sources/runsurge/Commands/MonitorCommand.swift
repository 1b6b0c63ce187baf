import ArgumentParser
import Foundation
import RunSurgeClient
import RunSurgeCore
import UnixSignals
import ZeroMQ

struct MonitorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "monitor",
        abstract: "Shows nodes, slots, memory, what runs, rates and lease ages, live.",
        discussion: """
            On a terminal a table that is drawn anew every second, elsewhere a line of JSON a second and at every change \
            of a node's state. The master is found through its REST facade, again after it has moved; --connect names \
            its events endpoint instead.
            """)

    @OptionGroup var connection: ConnectionOptions
    @Option(help: ArgumentHelp("The master's events endpoint, such as tcp://master:50054.", valueName: "endpoint"))
    var connect: String?
    @Option(
        help: ArgumentHelp(
            "The key of `runsurge enroll --monitor` (default: the one of this account, made when there is none).",
            valueName: "file"))
    var key: String?
    @Flag(help: "Print JSON lines, also on a terminal.") var json = false
    @Flag(help: "Print the table once and end.") var once = false

    func run() async throws {
        let sockets = try SocketThread(name: "zeromq")
        do {
            try await watch(sockets)
        } catch {
            await sockets.shutdown()
            throw error
        }
        await sockets.shutdown()
    }

    private func watch(_ sockets: SocketThread) async throws {
        let (endpoint, serverKey) = try await endpoint()
        let curve = try await MonitorKey(path: key, connection: connection).role(at: endpoint, serverKey: serverKey)
        let link = try await EventsLink.open(endpoint, curve: curve, on: sockets)
        if once { return try await printOnce(link) }
        guard !json, LiveScreen.isTerminal else {
            return try await follow(link, at: endpoint, MonitorDesk(.lines), every: .seconds(1))
        }
        let screen = LiveScreen()
        try screen.begin()
        defer { screen.end() }
        try await follow(link, at: endpoint, MonitorDesk(.screen(screen)), every: .milliseconds(500))
    }

    /// Where the events are, and with --connect no word of the master's key.
    private func endpoint() async throws -> (endpoint: String, serverKey: String?) {
        if let connect { return (connect, nil) }
        let client = try await connection.client()
        let cluster = try await client.cluster()
        guard !cluster.eventsEndpoint.isEmpty else {
            throw CommandError.refused("the master at \(client.url) does not listen; it is \(cluster.role.rawValue)")
        }
        return (EventsLink.reachable(cluster.eventsEndpoint, by: client.url), cluster.serverKeys.first)
    }

    /// Until the user ends it.
    private func follow(
        _ link: EventsLink, at endpoint: String, _ desk: MonitorDesk, every interval: Duration
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await Shutdown.requested(withParent: false) }
            group.addTask { while let batch = await link.socket.messages.nextBatch() { try await desk.take(batch) } }
            group.addTask {
                while true {
                    try await desk.show()
                    try await Task.sleep(for: interval)
                }
            }
            group.addTask { for await _ in await UnixSignalsSequence(trapping: .sigwinch) { try await desk.show() } }
            if connect == nil { group.addTask { try await findAgain(link, endpoint, desk) } }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// A master that was started anew may listen elsewhere.
    private func findAgain(_ link: EventsLink, _ endpoint: String, _ desk: MonitorDesk) async throws {
        let patience = 4.0
        var current = endpoint
        while true {
            try await Task.sleep(for: .seconds(2))
            if let age = await desk.beaconAge, age < patience { continue }
            // While it is away there is nothing to find.
            guard let found = try? await self.endpoint().endpoint, found != current else { continue }
            try await link.socket.connect(found)
            try await link.socket.disconnect(current)
            current = found
        }
    }

    private func printOnce(_ link: EventsLink) async throws {
        let (wait, settling) = (ContinuousClock.now + .seconds(10), Duration.milliseconds(1_200))
        let desk = MonitorDesk(.lines)
        let listening = Task { while let batch = await link.socket.messages.nextBatch() { await desk.note(batch) } }
        defer { listening.cancel() }
        while await desk.beaconAge == nil {
            guard ContinuousClock.now < wait else {
                throw CommandError.failure("no beacon of a master was heard within 10 seconds")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        // By then every node and every worker has been heard of.
        try await Task.sleep(for: settling)
        try await desk.print()
    }
}
