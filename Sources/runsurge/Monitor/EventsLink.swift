import Foundation
import RunSurgeCore
import ZeroMQ

/// A subscription to a master's events.
struct EventsLink: Sendable {
    private static let topics = ["beacon", "node/", "node-state/"]

    let socket: SocketHandle

    static func open(_ endpoint: String, curve: CurveRole?, on sockets: SocketThread) async throws -> EventsLink {
        var options = SocketOptions()
        options.subscriptions = topics.map { Array($0.utf8) }
        options.heartbeatInterval = .seconds(2)
        options.heartbeatTimeout = .seconds(6)
        options.reconnectInterval = .milliseconds(100)
        options.reconnectIntervalMax = .seconds(2)
        options.maxMessageSize = Int64(Limits.frameBytes)
        options.ipv6 = true
        options.curve = curve
        do {
            return EventsLink(
                socket: try await sockets.open(SocketConfiguration(.sub, connect: [endpoint], options: options)))
        } catch {
            throw CommandError.failure("can't connect to \(endpoint): \(error)")
        }
    }

    /// Where a master's endpoint is, seen from here: one that is named by an address of its own machine is at the host
    /// that its REST facade was reached by.
    static func reachable(_ endpoint: String, by url: String) -> String {
        let hosts = ["tcp://*:", "tcp://127.0.0.1:", "tcp://[::1]:"]
        guard let known = hosts.first(where: endpoint.hasPrefix), let host = URLComponents(string: url)?.host,
            !host.isEmpty
        else { return endpoint }
        let named = host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
        return "tcp://\(named == "localhost" ? "127.0.0.1" : named):" + endpoint.dropFirst(known.count)
    }
}
