/// Sums and products of what peers have measured: the largest number instead of an overflow.
extension Int64 {
    /// For numbers that are not negative.
    public func multiplied(by factor: Int64) -> Int64 {
        let (product, overflow) = multipliedReportingOverflow(by: factor)
        return overflow ? .max : product
    }

    /// For numbers that are not negative.
    public func adding(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
