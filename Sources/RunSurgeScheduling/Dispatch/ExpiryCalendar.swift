internal import RunSurgeCore

/// When which lease is to be looked at: once in its life, and once more for every time that it was found renewed. A
/// sweep costs what has come due, not what is leased. What was granted together is kept together: at full speed millions
/// of leases are granted, and over, before the first of them is due.
struct ExpiryCalendar: Sendable {
    struct Entry: Sendable {
        let key: WorkKey
        let serial: UInt64
    }

    /// Leases of consecutive chunks with consecutive serials; or of one driver.
    fileprivate struct Run: Sendable {
        let first: Entry
        var count: Int64 = 1

        /// Whether it is longer by this lease now.
        mutating func append(_ key: WorkKey, _ serial: UInt64) -> Bool {
            guard key.chunk == first.key.chunk + count, serial == first.serial + UInt64(count),
                key.region == first.key.region, key.region != nil, key.job == first.key.job
            else { return false }
            count += 1
            return true
        }

        var entries: some Sequence<Entry> {
            (0..<count).lazy.map { [first] offset in
                Entry(
                    key: WorkKey(
                        job: first.key.job, region: first.key.region, chunk: first.key.chunk + offset),
                    serial: first.serial + UInt64(offset))
            }
        }
    }

    private static let pageNanoseconds: Int64 = 250_000_000
    private var pages: [Int64: [Run]] = [:]
    private var nextPage = Int64.min

    /// - Returns: the page that it stands on.
    mutating func add(_ key: WorkKey, serial: UInt64, at time: MonotonicTime) -> Int64 {
        // What is overdue is looked at in the next sweep.
        let page = max(nextPage, time.nanoseconds / Self.pageNanoseconds)
        pages[page, default: []].add(key, serial)
        return page
    }

    /// Takes out the pages whose time is over, in order.
    mutating func due(_ now: MonotonicTime) -> [(page: Int64, entries: some Sequence<Entry>)] {
        let current = now.nanoseconds / Self.pageNanoseconds
        let over = nextPage < current ? pages.keys.filter { $0 < current }.sorted() : []
        nextPage = max(nextPage, current)
        return over.map { ($0, (pages.removeValue(forKey: $0) ?? []).lazy.flatMap(\.entries)) }
    }
}

extension [ExpiryCalendar.Run] {
    fileprivate mutating func add(_ key: WorkKey, _ serial: UInt64) {
        if !isEmpty, self[count - 1].append(key, serial) { return }
        append(ExpiryCalendar.Run(first: ExpiryCalendar.Entry(key: key, serial: serial)))
    }
}
