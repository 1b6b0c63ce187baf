import Foundation
import Glibc
import Testing
import ZeroMQ

/// Peers that say nothing any more, and peers that never begin to.
@Suite(.timeLimit(.minutes(1))) struct DeadPeerTests {
    /// Without heartbeats TCP alone would take minutes to give up, and a reader that never sends has no reason to.
    @Test(arguments: [true, false])
    func aHalfOpenConnectionIsNoticedByHeartbeatsAlone(heartbeats: Bool) async throws {
        try await withSockets { thread in
            var options = SocketOptions()
            if heartbeats {
                options.heartbeatInterval = .milliseconds(100)
                options.heartbeatTimeout = .milliseconds(300)
            }
            let router = try await thread.open(
                SocketConfiguration(.router, bind: ["tcp://127.0.0.1:*"], options: options))
            let link = try SilentLink(to: Self.port(router))
            defer { link.stop() }
            var naming = SocketOptions()
            naming.routingID = "worker".frame
            let dealer = try await thread.open(
                SocketConfiguration(.dealer, connect: [link.endpoint], options: naming))
            try dealer.send(["hello".frame])
            #expect(await router.messages.makeAsyncIterator().next()?.frames == ["worker".frame, "hello".frame])

            link.fallSilent()

            func isNoticed() async throws -> Bool {
                try await router.sendReportingOutcome(["worker".frame, "?".frame]) == .unroutable
            }
            if heartbeats {
                try await eventually("the end of the connection", within: .seconds(10), isNoticed)
            } else {
                let deadline = ContinuousClock.now + .seconds(2)
                while ContinuousClock.now < deadline {
                    #expect(try await !isNoticed(), "libzmq has become better")
                    try await Task.sleep(for: .milliseconds(50))
                }
            }
        }
    }

    /// What a listener of thousands has instead: the system's own timer runs on each connection.
    @Test func theSystemWatchesAcceptedConnections() async throws {
        try await withSockets { thread in
            var options = SocketOptions()
            options.keepalive = Keepalive(idle: .seconds(4), interval: .seconds(2), probes: 3)
            let router = try await thread.open(
                SocketConfiguration(.router, bind: ["tcp://127.0.0.1:*"], options: options))
            let dealer = try await thread.open(SocketConfiguration(.dealer, connect: router.boundEndpoints))
            try dealer.send(["hello".frame])
            _ = await router.messages.makeAsyncIterator().next()
            let port = try Self.port(router)
            try await eventually("a keepalive timer") { try Self.timers(ofConnectionsTo: port).contains("02") }
        }
    }

    /// The kinds of timers, as /proc/net/tcp writes them, that run on connections from this port: somebody else's may be
    /// among them, who was given the same number.
    private static func timers(ofConnectionsTo port: UInt16) throws -> [String] {
        let own = String(format: ":%04X", port)
        // A file without a size is read to its end only by a handle.
        let table = try FileHandle(forReadingFrom: URL(filePath: "/proc/net/tcp")).readToEnd() ?? Data()
        return String(decoding: table, as: UTF8.self).split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            let isEstablished = fields.count > 5 && fields[3] == "01"
            return isEstablished && fields[1].hasSuffix(own) ? String(fields[5].prefix(2)) : nil
        }
    }

    @Test func whoDoesNotGreetIsDisconnected() async throws {
        try await withSockets { thread in
            var options = SocketOptions()
            options.handshakeInterval = .milliseconds(300)
            let router = try await thread.open(
                SocketConfiguration(.router, bind: ["tcp://127.0.0.1:*"], options: options))
            let silent = try SilentLink.connect(to: Self.port(router))
            defer { close(silent) }
            try await eventually("the end of the connection", within: .seconds(10)) {
                var bytes = [UInt8](repeating: 0, count: 64)
                // The master's greeting first, then the end.
                let count = recv(silent, &bytes, bytes.count, Int32(MSG_DONTWAIT))
                return count == 0 || (count < 0 && errno == ECONNRESET)
            }
        }
    }

    private static func port(_ socket: SocketHandle) throws -> UInt16 {
        try #require(socket.boundEndpoints[0].split(separator: ":").last.flatMap { UInt16($0) })
    }
}
