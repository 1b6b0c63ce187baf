import RunSurgeCore
import Synchronization

/// Bounds how often somebody may try passwords, for each account and for each address. Attempts that succeed are free.
final class LoginLimiter: Sendable {
    /// A bucket holds `capacity` attempts and regains one every `interval`.
    struct Rate: Sendable {
        let capacity: Double
        let interval: Duration
    }

    static let perAccount = Rate(capacity: 10, interval: .seconds(30))
    static let perAddress = Rate(capacity: 100, interval: .seconds(1))
    /// Buckets remembered; beyond it those that are full again are forgotten, then the emptiest survive.
    private static let buckets = 20_000

    private struct Bucket {
        var tokens: Double
        var updated: ContinuousClock.Instant
    }

    private let state = Mutex<[String: Bucket]>([:])

    /// Takes an attempt of each.
    /// - Throws: 429 with the seconds until the next.
    func attempt(account: String, address: String, now: ContinuousClock.Instant = .now) throws {
        try take("address \(address)", Self.perAddress, now: now)
        try take("account \(account)", Self.perAccount, now: now)
    }

    /// Takes an attempt of the address alone: for registrations.
    func attempt(address: String, now: ContinuousClock.Instant = .now) throws {
        try take("address \(address)", Self.perAddress, now: now)
    }

    func succeeded(account: String, address: String) {
        state.withLock { buckets in
            buckets["account \(account)"] = nil
            if let bucket = buckets["address \(address)"] {
                buckets["address \(address)"]?.tokens = min(bucket.tokens + 1, Self.perAddress.capacity)
            }
        }
    }

    private func take(_ key: String, _ rate: Rate, now: ContinuousClock.Instant) throws {
        let wait: Double? = state.withLock { buckets in
            var bucket = buckets[key] ?? Bucket(tokens: rate.capacity, updated: now)
            bucket.tokens = min(rate.capacity, bucket.tokens + (now - bucket.updated) / rate.interval)
            bucket.updated = now
            defer {
                buckets[key] = bucket
                if buckets.count > Self.buckets { Self.forget(&buckets, now: now) }
            }
            guard bucket.tokens >= 1 else { return (1 - bucket.tokens) * (rate.interval / .seconds(1)) }
            bucket.tokens -= 1
            return nil
        }
        guard let wait else { return }
        let seconds = Int(wait.rounded(.up))
        throw APIError(
            .tooManyRequests, "rate_limited", "Too many attempts; try again in \(seconds) seconds.", retryAfter: seconds
        )
    }

    private static func forget(_ buckets: inout [String: Bucket], now: ContinuousClock.Instant) {
        // Every bucket is full again after this long.
        let regained = perAccount.interval * perAccount.capacity
        buckets = buckets.filter { now - $0.value.updated < regained }
        guard buckets.count > Self.buckets / 2 else { return }
        for (key, _) in buckets.sorted(by: { $0.value.tokens > $1.value.tokens }).prefix(Self.buckets / 4) {
            buckets[key] = nil
        }
    }
}
