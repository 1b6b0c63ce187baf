import CoreMetrics
import Hummingbird
import HummingbirdTesting
import RunSurgeAPI
import Testing

@testable import RunSurgeAPI

@Suite struct PrometheusRegistryTests {
    @Test func whatIsRecordedIsWrittenAsPrometheusReadsIt() {
        let registry = PrometheusRegistry()
        let counter = registry.makeCounter(label: "jobs.done", dimensions: [("http.route", "/a\"b\\c\nd")])
        counter.increment(by: 2)
        registry.makeCounter(label: "jobs.done", dimensions: [("http.route", "/a\"b\\c\nd")]).increment(by: 3)
        registry.makeCounter(label: "jobs.done", dimensions: []).increment(by: 1)
        let meter = registry.makeMeter(label: "active", dimensions: [])
        meter.increment(by: 3)
        meter.decrement(by: 1.5)
        let timer = registry.makeTimer(label: "wait", dimensions: [("x", "y")])
        timer.recordNanoseconds(2_000_000)
        timer.recordNanoseconds(400_000_000_000)
        let lines = registry.text().split(separator: "\n").map(String.init)
        #expect(lines.contains("# TYPE jobs_done_total counter"))
        #expect(lines.filter { $0.hasPrefix("# TYPE jobs_done_total") }.count == 1)
        #expect(lines.contains(#"jobs_done_total{http_route="/a\"b\\c\nd"} 5"#), "\(lines)")
        #expect(lines.contains("jobs_done_total 1") && lines.contains("active 1.5"))
        #expect(lines.contains("# TYPE wait_seconds histogram"))
        #expect(lines.contains(#"wait_seconds_bucket{x="y",le="0.001"} 0"#))
        #expect(lines.contains(#"wait_seconds_bucket{x="y",le="0.0025"} 1"#))
        #expect(lines.contains(#"wait_seconds_bucket{x="y",le="300.0"} 1"#))
        #expect(lines.contains(#"wait_seconds_bucket{x="y",le="+Inf"} 2"#))
        #expect(lines.contains(#"wait_seconds_sum{x="y"} 400.002"#) && lines.contains(#"wait_seconds_count{x="y"} 2"#))
        registry.destroyMeter(meter)
        #expect(!registry.text().contains("active"))
    }

    @Test func theNumberOfSeriesIsBounded() {
        let registry = PrometheusRegistry()
        for index in 0...PrometheusRegistry.seriesLimit {
            registry.makeCounter(label: "c", dimensions: [("i", String(index))]).increment(by: 1)
        }
        #expect(registry.text().split(separator: "\n").count == PrometheusRegistry.seriesLimit + 1)
    }

    @Test func requestsAreCountedByRouteMethodAndStatus() async throws {
        // The one place of this process that bootstraps the metrics system.
        let registry = PrometheusRegistry()
        MetricsSystem.bootstrap(registry)
        var facade = try Facade()
        facade.configuration.metrics = registry
        facade.configuration.metricsToken = "metrics-token-metrics"
        try await facade.test { client in
            for id in 1...3 { _ = try await client.send(.get, "/api/job/\(id)") }
            _ = try await client.send(.get, "/api/nothing")
            _ = try await client.send(.head, "/healthz")
            let response = try await client.send(
                .get, "/metrics", headers: [.authorization: "Bearer metrics-token-metrics"])
            #expect(response.status == .ok && response.headers[.contentType]?.contains("version=0.0.4") == true)
            let counted =
                #"hb_requests_total{http_route="/api/job/{id}",http_request_method="GET",http_response_status_code="401"} 3"#
            #expect(response.text.contains(counted), "\(response.text)")
            #expect(response.text.contains(#"http_route="NotFound""#))
            #expect(response.text.contains(#"http_server_active_requests{http_request_method="HEAD"} 0"#))
            #expect(response.text.contains("http_server_request_duration_seconds_count{"))
        }
        try await Facade().test { client in
            let response = try await client.send(.get, "/metrics")
            #expect(response.status == .notFound)
        }
    }
}
