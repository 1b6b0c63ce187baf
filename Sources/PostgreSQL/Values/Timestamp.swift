import Glibc

/// A `timestamptz`: microseconds since 1970-01-01 00:00 UTC, negative before.
/// `.min` and `.max` stand for PostgreSQL's `-infinity` and `infinity`.
public struct Timestamp: Sendable, Hashable, Comparable, Codable {
    public let microseconds: Int64

    public static let min = Timestamp(microseconds: .min)
    public static let max = Timestamp(microseconds: .max)

    /// PostgreSQL counts from 2000-01-01.
    static let serverEpoch: Int64 = 946_684_800_000_000

    public init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    /// Whole milliseconds since 1970, as most protocols carry them.
    public init(milliseconds: Int64) {
        self.microseconds = milliseconds * 1000
    }

    /// Seconds since 1970; the fraction is rounded to a microsecond.
    public init(seconds: Double) {
        self.microseconds = Int64((seconds * 1_000_000).rounded())
    }

    /// This machine's wall clock.
    public static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }

    public var seconds: Double { Double(microseconds) / 1_000_000 }

    public var milliseconds: Int64 { microseconds / 1000 }

    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.microseconds < right.microseconds
    }

    public func advanced(by duration: Duration) -> Timestamp {
        let parts = duration.components
        return Timestamp(microseconds: microseconds + parts.seconds * 1_000_000 + parts.attoseconds / 1_000_000_000_000)
    }

    /// The time from `earlier` to this one.
    public func duration(since earlier: Timestamp) -> Duration {
        .microseconds(microseconds - earlier.microseconds)
    }

    init(serverValue: Int64) {
        switch serverValue {
        case .min, .max: microseconds = serverValue
        default: microseconds = serverValue &+ Self.serverEpoch
        }
    }

    var serverValue: Int64 {
        switch microseconds {
        case .min, .max: microseconds
        default: microseconds &- Self.serverEpoch
        }
    }
}

extension Timestamp: CustomStringConvertible {
    /// RFC 3339 in UTC with six decimals.
    public var description: String {
        if self == .min { return "-infinity" }
        if self == .max { return "infinity" }
        let fraction = ((microseconds % 1_000_000) + 1_000_000) % 1_000_000
        var seconds = time_t((microseconds - fraction) / 1_000_000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func padded(_ value: some BinaryInteger, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: Swift.max(0, width - digits.count)) + digits
        }
        let day = "\(padded(parts.tm_year + 1900, 4))-\(padded(parts.tm_mon + 1, 2))-\(padded(parts.tm_mday, 2))"
        let time = "\(padded(parts.tm_hour, 2)):\(padded(parts.tm_min, 2)):\(padded(parts.tm_sec, 2))"
        return "\(day)T\(time).\(padded(fraction, 6))Z"
    }
}
