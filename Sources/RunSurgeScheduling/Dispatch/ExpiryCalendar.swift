internal import RunSurgeCore

/// When which lease is to be looked at: once in its life, and once more for every time that it was found renewed. A
/// sweep costs what has come due, not what is leased.
struct ExpiryCalendar: Sendable {
    struct Entry: Sendable {
        let key: WorkKey
        let serial: UInt64
    }

    private static let pageNanoseconds: Int64 = 250_000_000
    private var pages: [Int64: [Entry]] = [:]
    private var nextPage = Int64.min

    /// - Returns: the page that it stands on.
    mutating func add(_ key: WorkKey, serial: UInt64, at time: MonotonicTime) -> Int64 {
        // What is overdue is looked at in the next sweep.
        let page = max(nextPage, time.nanoseconds / Self.pageNanoseconds)
        pages[page, default: []].append(Entry(key: key, serial: serial))
        return page
    }

    /// Takes out the pages whose time is over, in order.
    mutating func due(_ now: MonotonicTime) -> [(page: Int64, entries: [Entry])] {
        let current = now.nanoseconds / Self.pageNanoseconds
        guard nextPage < current else { return [] }
        let over = pages.keys.filter { $0 < current }.sorted()
        nextPage = current
        return over.map { ($0, pages.removeValue(forKey: $0) ?? []) }
    }
}
