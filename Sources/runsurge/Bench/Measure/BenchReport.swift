/// One figure of a benchmark.
struct BenchFigure: Sendable, Encodable {
    let name: String
    let value: Double
    let unit: String

    init(_ name: String, _ value: Double, _ unit: String) {
        self.name = name
        self.value = value
        self.unit = unit
    }

    init(_ name: String, bytes: Int64) { self.init(name, Double(bytes) / Double(1 << 20), "MiB") }

    /// Four digits that count, more where the number is larger.
    fileprivate var text: String {
        if value.magnitude >= 1_000 { return "\(Int64(value.rounded()))" }
        let scale = value.magnitude >= 100 ? 10.0 : value.magnitude >= 10 ? 100 : 1_000
        return "\((value * scale).rounded() / scale)"
    }
}

/// What a benchmark has to say: its figures, and in the same run what the parts can do by themselves.
struct BenchReport: Sendable, Encodable {
    let benchmark: String
    let what: String
    let machine: BenchMachine
    var figures: [BenchFigure] = []
    var limits: [BenchFigure] = []

    func show(json: Bool) throws {
        if json { return try JSONOutput.print(self) }
        print("\(what)\n\(machine.text)")
        var table = TextTable("figure", "value", "unit")
        for figure in figures { table.add(figure.name, figure.text, figure.unit) }
        for limit in limits { table.add("limit: \(limit.name)", limit.text, limit.unit) }
        print(table.text)
    }
}

/// A sample of measurements.
struct Sample: Sendable {
    private let sorted: [Double]

    /// - Parameter values: at least one.
    init(_ values: [Double]) {
        precondition(!values.isEmpty, "a sample of nothing")
        sorted = values.sorted()
    }

    var median: Double { quantile(0.5) }
    var least: Double { sorted[0] }
    var greatest: Double { sorted[sorted.count - 1] }

    /// The smallest value that at least this share of the sample does not exceed; 0...1.
    func quantile(_ share: Double) -> Double {
        sorted[min(sorted.count - 1, max(0, Int((Double(sorted.count) * share).rounded(.up)) - 1))]
    }
}
