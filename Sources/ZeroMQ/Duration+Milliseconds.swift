extension Duration {
    /// Whole milliseconds, rounded down.
    var milliseconds: Int64 {
        components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
    }

    /// Whole milliseconds to sleep so as not to wake too early.
    var millisecondsRoundedUp: Int { Int(milliseconds) + 1 }
}
