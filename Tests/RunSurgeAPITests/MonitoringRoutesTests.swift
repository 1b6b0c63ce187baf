import CoreMetrics
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import RunSurgeCore
import RunSurgeTestStores
import Synchronization
import Testing

@testable import RunSurgeAPI

@Suite struct MonitoringRoutesTests {
    private static func node(_ id: Int64, owner: UserID?) -> Node {
        Node(
            id: NodeID(id), owner: owner, name: "n\(id)", slots: 2, memory: 1 << 30, isAlive: true,
            createdAt: Timestamp(microseconds: 0), lastSeenAt: nil, completedChunks: 0)
    }

    private static func entry(_ node: Int64, _ at: Int64) -> NodeLogEntry {
        NodeLogEntry(
            node: NodeID(node), at: Timestamp(microseconds: at), kind: .attached, term: 1, slots: 2, memory: 1 << 30)
    }

    @Test func aNodesHistoryIsForItsOwner() async throws {
        let facade = try Facade()
        let jobs = facade.jobs
        try await facade.test { client in
            let ada = try await Caller.register("ada", at: client)
            let bob = try await Caller.register("bob", at: client)
            jobs.set(nodes: [Self.node(1, owner: nil), Self.node(2, owner: ada.id)])
            jobs.set(nodeLog: (1...5).map { Self.entry(2, $0) } + [Self.entry(1, 9)])

            let first = try await client.send(.get, "/api/node/2/log?limit=3", as: ada).decoded(NodeLogView.self)
            #expect(first.entries.map(\.at).count == 3 && first.nextBefore == 3)
            let second = try await client.send(.get, "/api/node/2/log?limit=3&before=3", as: ada)
                .decoded(NodeLogView.self)
            #expect(second.entries.count == 2 && second.nextBefore == nil)

            #expect(try await client.send(.get, "/api/node/2/log", as: bob).status == .forbidden)
            #expect(try await client.send(.get, "/api/node/1/log", as: ada).status == .forbidden)
            #expect(try await client.send(.get, "/api/node/2/log").status == .unauthorized)
            #expect(try await client.send(.get, "/api/node/77/log", as: ada).code == "node_not_found")
            #expect(try await client.send(.get, "/api/node/x/log", as: ada).status == .notFound)
            for query in ["limit=0", "limit=1001", "before=-1", "before=x"] {
                let answer = try await client.send(.get, "/api/node/2/log?\(query)", as: ada)
                #expect(answer.status == .unprocessableContent, "\(query)")
            }
        }
    }

    @Test func theOperatorReadsEveryNodesHistory() async throws {
        var facade = try Facade()
        let user = try await facade.accounts.createUser(
            username: "operator", email: "operator@localhost", passwordHash: "!")
        facade.configuration.operatorToken = .init(token: "operator-token", user: user)
        facade.jobs.set(nodes: [Self.node(1, owner: nil)])
        facade.jobs.set(nodeLog: [Self.entry(1, 9)])
        try await facade.test { client in
            let headers: HTTPFields = [.authorization: "Bearer operator-token"]
            let page = try await client.send(.get, "/api/node/1/log", headers: headers).decoded(NodeLogView.self)
            #expect(page.entries.map(\.kind) == ["attached"])
        }
    }

    // MARK: Metrics

    /// Of the router alone there is no peer whose address could be looked at.
    @Test func metricsAreShownHereAndToWhoeverHasAToken() async throws {
        var facade = try Facade()
        let user = try await facade.accounts.createUser(username: "o", email: "o@localhost", passwordHash: "!")
        facade.configuration.operatorToken = .init(token: "operator-token", user: user)
        facade.configuration.metricsToken = "metrics-token-metrics"
        facade.configuration.metrics = PrometheusRegistry()
        let configured = facade
        try await configured.test { client in
            let ada = try await Caller.register("ada", at: client)
            #expect(try await client.send(.get, "/metrics").status == .unauthorized)
            #expect(try await client.send(.get, "/metrics", as: ada).status == .unauthorized)
            for token in ["operator-token", "metrics-token-metrics"] {
                let headers: HTTPFields = [.authorization: "Bearer \(token)"]
                #expect(try await client.send(.get, "/metrics", headers: headers).status == .ok, "\(token)")
            }
            let worker: HTTPFields = [.authorization: "Bearer \(Facade.blobPass)"]
            #expect(try await client.send(.get, "/metrics", headers: worker).status == .unauthorized)
            // It is good for nothing else.
            let headers: HTTPFields = [.authorization: "Bearer metrics-token-metrics"]
            #expect(try await client.send(.get, "/api/users/jobs", headers: headers).status == .unauthorized)
        }
        try await configured.test(.live) { client in
            #expect(try await client.send(.get, "/metrics").status == .ok)
            for name in ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"] {
                let field = try #require(HTTPField.Name(name))
                let headers: HTTPFields = [field: "for=10.1.1.1"]
                #expect(try await client.send(.get, "/metrics", headers: headers).status == .unauthorized, "\(name)")
            }
        }
    }

    @Test(arguments: [
        ("127.0.0.1", true), ("127.9.9.9", true), ("::1", true), ("::ffff:127.0.0.1", true), ("10.0.0.1", false),
        ("::2", false), ("12.7.0.1", false),
    ])
    func onlyThisMachineIsThisMachine(address: String, isLoopback: Bool) {
        #expect(MetricsRoute.isLoopback(address) == isLoopback)
    }

    @Test func aMetricIsDescribedWhereItIsKnown() {
        let help = Dictionary(uniqueKeysWithValues: MetricName.allCases.map { ($0.rawValue, $0.help) })
        let registry = PrometheusRegistry(help: help)
        registry.makeCounter(label: MetricName.results.rawValue, dimensions: [("verdict", "stale")]).increment(by: 1)
        registry.makeTimer(label: MetricName.storeCommit.rawValue, dimensions: []).recordNanoseconds(1)
        registry.makeMeter(label: MetricName.oldestLease.rawValue, dimensions: []).set(Int64(1))
        registry.makeMeter(label: "other", dimensions: []).set(Int64(1))
        let text = registry.text()
        for name in ["runsurge_results_total", "runsurge_store_commit_seconds", "runsurge_lease_oldest_seconds"] {
            #expect(text.contains("# HELP \(name) "), "\(name)")
        }
        #expect(!text.contains("# HELP other"))
        #expect(help.values.allSatisfy { !$0.contains("\n") && !$0.contains("\\") })
    }

    // MARK: Health and discovery

    @Test func readinessFollowsTheMaster() async throws {
        let role = Mutex(MasterRoleView.Role.starting)
        var facade = try Facade()
        facade.configuration.role = { MasterRoleView(role: role.withLock { $0 }, term: 3) }
        try await facade.test { client in
            #expect(try await client.send(.get, "/readyz").code == "not_ready")
            #expect(try await client.send(.get, "/healthz").status == .ok, "it lives")
            for next in [MasterRoleView.Role.leader, .standby] {
                role.withLock { $0 = next }
                let answer = try await client.send(.get, "/readyz")
                #expect(answer.status == .ok && answer.text.contains(#""role":"\#(next.rawValue)""#), "\(answer.text)")
            }
        }
    }

    @Test(arguments: [(nil, nil), (2, nil), (61, "stalled")] as [(Int?, String?)])
    func aMasterWhoseClockStandsStillIsNotHealthy(seconds: Int?, code: String?) async throws {
        var facade = try Facade()
        facade.configuration.masterSilence = { seconds.map { .seconds($0) } }
        try await facade.test { client in
            let answer = try await client.send(.get, "/healthz")
            #expect(answer.code == code && answer.status == (code == nil ? .ok : .serviceUnavailable))
        }
    }

    @Test func whoIsLoggedInLearnsWhereTheEventsAre() async throws {
        let leading = ClusterView(
            MasterRoleView(role: .leader, term: 9), work: "tcp://127.0.0.1:50051", events: "tcp://127.0.0.1:50054")
        var facade = try Facade()
        facade.configuration.cluster = { leading }
        try await facade.test { client in
            #expect(try await client.send(.get, "/api/cluster").status == .unauthorized)
            let ada = try await Caller.register("ada", at: client)
            let view = try await client.send(.get, "/api/cluster", as: ada).decoded(ClusterView.self)
            #expect(view == leading)
        }
    }
}
