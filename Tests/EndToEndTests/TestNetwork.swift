import Foundation
import Testing

/// Hosts with addresses of their own: network namespaces on a bridge, made and removed by the test, as root.
///
/// The bridge is in a namespace too, so that nothing of this machine's own network changes.
struct TestNetwork: Sendable {
    private static let subnet = "10.213.7"
    private let name = "rs\(UInt32.random(in: 0 ... .max))"
    private let hosts: Int
    private let logs: URL

    struct CommandFailed: Error, CustomStringConvertible {
        let description: String
    }

    /// Makes the network, runs `body`, and removes the network.
    static func with(hosts: Int, logs: URL, _ body: (TestNetwork) async throws -> Void) async throws {
        try #require(geteuid() == 0, "network namespaces need root: run the tests as root")
        let network = TestNetwork(hosts: hosts, logs: logs)
        do {
            try await network.make()
            try await body(network)
        } catch {
            await network.remove()
            throw error
        }
        await network.remove()
    }

    private init(hosts: Int, logs: URL) {
        self.hosts = hosts
        self.logs = logs
    }

    func address(of host: Int) -> String { "\(Self.subnet).\(host + 1)" }

    /// Words before a command that is to run on a host.
    func prefix(_ host: Int) -> [String] { ["ip", "netns", "exec", namespace(host)] }

    /// As `prefix`, in a view of the file system in which `folder` is empty: what is in it can't be had by path.
    func prefix(_ host: Int, hiding folder: URL) -> [String] {
        prefix(host) + [
            "unshare", "--mount", "sh", "-c", "mount -t tmpfs none '\(folder.path)' && exec \"$@\"", "sh",
        ]
    }

    /// Cuts a host off, or joins it again. Nobody is told: packets are lost, as with a cable.
    func setLink(of host: Int, up: Bool) async throws {
        try await ip(["-n", hub, "link", "set", port(host), up ? "up" : "down"])
    }

    /// Bounds the rate of what a host sends, and delays it where the kernel can; one that can do neither leaves the link
    /// as it is.
    func slowDown(_ host: Int) async throws {
        let delayed = ["netem", "delay", "20ms", "rate", "50mbit"]
        let bounded = ["tbf", "rate", "50mbit", "burst", "64kb", "latency", "50ms"]
        for discipline in [delayed, bounded] {
            let words = prefix(host) + ["tc", "qdisc", "add", "dev", "eth0", "root"] + discipline
            if try await ChildProcess("/usr/bin/env", words, logs: logs).finish().status == 0 { return }
        }
    }

    private var hub: String { "\(name)-hub" }
    private func namespace(_ host: Int) -> String { "\(name)-\(host)" }
    private func port(_ host: Int) -> String { "port\(host)" }

    private func make() async throws {
        try await ip(["netns", "add", hub])
        try await ip(["-n", hub, "link", "add", "bridge", "type", "bridge"])
        try await ip(["-n", hub, "link", "set", "bridge", "up"])
        for host in 0..<hosts {
            let own = namespace(host)
            try await ip(["netns", "add", own])
            try await ip([
                "-n", hub, "link", "add", port(host), "type", "veth", "peer", "name", "eth0", "netns", own,
            ])
            try await ip(["-n", hub, "link", "set", port(host), "master", "bridge"])
            try await ip(["-n", hub, "link", "set", port(host), "up"])
            try await ip(["-n", own, "address", "add", "\(address(of: host))/24", "dev", "eth0"])
            try await ip(["-n", own, "link", "set", "eth0", "up"])
            try await ip(["-n", own, "link", "set", "lo", "up"])
        }
    }

    /// The links go with the namespaces, and these with the last process in them.
    private func remove() async {
        for own in (0..<hosts).map(namespace) + [hub] { try? await ip(["netns", "delete", own]) }
    }

    private func ip(_ arguments: [String]) async throws {
        let result = try await ChildProcess("/usr/bin/env", ["ip"] + arguments, logs: logs).finish()
        guard result.status != 127 else { throw CommandFailed(description: "install ip: apt-get install iproute2") }
        guard result.status == 0 else {
            let text = String(decoding: result.error, as: UTF8.self)
            throw CommandFailed(description: "ip \(arguments.joined(separator: " ")): \(text)")
        }
    }
}
