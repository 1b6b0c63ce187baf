public import CoreMetrics
import Synchronization

/// Keeps what swift-metrics records and writes it down as Prometheus reads it (text format 0.0.4). The program makes
/// one, hands it to `MetricsSystem.bootstrap` and to `APIConfiguration.metrics`. Safe to use from any thread.
public final class PrometheusRegistry: MetricsFactory {
    /// Series kept; further ones are not shown, so that a label of unforeseen values can't fill the memory.
    static let seriesLimit = 10_000

    private struct Key: Hashable {
        let name: String
        let labels: String
    }

    private let series = Mutex<[Key: any PrometheusSeries]>([:])

    /// By the name that Prometheus sees.
    private let help: [String: String]

    /// - Parameter help: a line for the reader by the label of its metric; others are shown without one.
    public init(help: [String: String] = [:]) {
        self.help = Dictionary(help.map { (PrometheusText.name($0), $1) }) { $1 }
    }

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        named(PrometheusText.name(label) + "_total", dimensions) { CounterSeries() }
    }

    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        named(PrometheusText.name(label) + "_total", dimensions) { CounterSeries() }
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        named(PrometheusText.name(label), dimensions) { GaugeSeries() }
    }

    public func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        guard aggregate else { return named(PrometheusText.name(label), dimensions) { GaugeSeries() } }
        return named(PrometheusText.name(label), dimensions) { HistogramSeries(bounds: HistogramSeries.powers) }
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        named(PrometheusText.name(label) + "_seconds", dimensions) { HistogramSeries(bounds: HistogramSeries.seconds) }
    }

    public func destroyCounter(_ handler: any CounterHandler) { forget(handler) }
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { forget(handler) }
    public func destroyMeter(_ handler: any MeterHandler) { forget(handler) }
    public func destroyRecorder(_ handler: any RecorderHandler) { forget(handler) }
    public func destroyTimer(_ handler: any TimerHandler) { forget(handler) }

    /// Everything now, sorted by name.
    public func text() -> String {
        let all = series.withLock { $0 }.sorted { ($0.key.name, $0.key.labels) < ($1.key.name, $1.key.labels) }
        var text = ""
        var last = ""
        for (key, series) in all {
            if key.name != last { describe(key.name, series.type, in: &text) }
            last = key.name
            series.write(name: key.name, labels: key.labels, to: &text)
        }
        return text
    }

    private func describe(_ name: String, _ type: String, in text: inout String) {
        // Names have the suffix of their kind by now.
        let base = ["_total", "_seconds"].first { name.hasSuffix($0) }.map { String(name.dropLast($0.count)) }
        if let line = help[name] ?? base.flatMap({ help[$0] }) { text += "# HELP \(name) \(line)\n" }
        text += "# TYPE \(name) \(type)\n"
    }

    private func named<Series: PrometheusSeries>(
        _ name: String, _ dimensions: [(String, String)], make: () -> Series
    ) -> Series {
        let key = Key(name: name, labels: PrometheusText.labels(dimensions))
        return series.withLock { series in
            if let known = series[key] as? Series { return known }
            let made = make()
            if series[key] == nil, series.count < Self.seriesLimit { series[key] = made }
            return made
        }
    }

    private func forget(_ handler: AnyObject) {
        series.withLock { series in
            for (key, value) in series where value === handler { series[key] = nil }
        }
    }
}
