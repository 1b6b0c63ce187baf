/// An amount of money: millionths of the unit that 100 MiB kept busy for a minute on a node of factor 1 cost.
public typealias MicroUnits = Int64

/// How work is measured. It costs average memory × active time × the node's factor ÷ (100 MiB × 60 s), rounded down to
/// a micro-unit once for each `UsageEntry`; what is added up before that is memory time, in KiB × microseconds.
public enum Tariff {
    /// Bytes × microseconds ÷ 1024, rounded down; at most `Int64.max`. Negative values count as 0.
    public static func memoryTime(bytes: Int64, microseconds: Int64) -> Int64 {
        let product = UInt64(max(0, bytes)).multipliedFullWidth(by: UInt64(max(0, microseconds)))
        guard product.high < 512 else { return .max }
        return Int64(clamping: product.high << 54 | product.low >> 10)
    }
}
