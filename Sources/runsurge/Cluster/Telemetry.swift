import CoreMetrics
import RunSurgeAPI
import RunSurgeCore

/// Where this process counts what it does.
enum Telemetry {
    /// The one registry of the process, made and announced to everything that counts at its first use.
    static let registry: PrometheusRegistry = {
        let help = MetricName.allCases.map { ($0.rawValue, $0.help) }
        let registry = PrometheusRegistry(help: Dictionary(uniqueKeysWithValues: help))
        MetricsSystem.bootstrap(registry)
        return registry
    }()
}
