/// Learns what a chunk's process needs beyond what its records need, from the peaks that came back.
///
/// Follows an upper quantile, not the mean: predicting too little costs a killed chunk, too much only some room.
struct PeakModel: Sendable {
    /// Resident bytes of a warm interpreter with the harness loaded, before anything was measured.
    private(set) var baseBytes: Int64 = 16 << 20
    private var observed = 0

    static let quantile = 0.9

    /// - Parameters:
    ///   - peak: measured resident bytes; 0 when it was not measured.
    ///   - variable: bytes predicted for records and environment.
    mutating func observe(peak: Int64, variable: Int64) {
        guard peak > 0 else { return }
        // A prediction of the records alone that is above the peak says nothing about the base.
        let residual = max(4 << 20, peak - variable)
        observed += 1
        guard observed > 1 else {
            baseBytes = residual
            return
        }
        // Steps shrink from a quarter of the estimate to a hundredth as evidence grows.
        let step = max(Double(baseBytes) / 100, Double(baseBytes) / Double(3 + observed))
        let direction = residual > baseBytes ? Self.quantile : -(1 - Self.quantile)
        let moved = Double(baseBytes) + step * direction
        let isPast = direction > 0 ? moved > Double(residual) : moved < Double(residual)
        baseBytes = isPast ? residual : Int64(moved)
    }
}
