/// What can be changed where it lies.
protocol ChangedInPlace: Sendable {}

extension ChangedInPlace {
    fileprivate mutating func change(_ change: (inout Self) -> Void) { change(&self) }
}

/// Values of one region by chunk, in pages of neighbours: what is dealt together lies together.
struct ChunkTable<Value: ChangedInPlace>: Sendable {
    private struct Page: Sendable {
        var values = [Value?](repeating: nil, count: 1 << bits)
        var count = 0

        mutating func change(_ offset: Int, _ change: (inout Value) -> Void) {
            values[offset]?.change(change)
        }
    }

    private static var bits: Int64 { 6 }
    private var pages = EntryTable<Int64, Page>()
    private(set) var count = 0

    subscript(chunk: Int64) -> Value? {
        get { pages[chunk >> Self.bits]?.values[Self.offset(of: chunk)] }
        set {
            guard let newValue else {
                removeValue(forKey: chunk)
                return
            }
            updateValue(newValue, forKey: chunk)
        }
    }

    /// - Returns: whether there was none before.
    @discardableResult
    mutating func updateValue(_ value: Value, forKey chunk: Int64) -> Bool {
        let (page, offset) = (chunk >> Self.bits, Self.offset(of: chunk))
        if pages[page] == nil { pages[page] = Page() }
        let isNew = pages[page]?.values[offset] == nil
        if isNew {
            pages[page]?.count += 1
            count += 1
        }
        pages[page]?.values[offset] = value
        return isNew
    }

    @discardableResult
    mutating func removeValue(forKey chunk: Int64) -> Value? {
        let page = chunk >> Self.bits
        guard let value = pages[page]?.values[Self.offset(of: chunk)].take() else { return nil }
        pages[page]?.count -= 1
        if pages[page]?.count == 0 { pages[page] = nil }
        count -= 1
        return value
    }

    func contains(_ chunk: Int64) -> Bool { pages[chunk >> Self.bits]?.values[Self.offset(of: chunk)] != nil }

    /// Changes a value in place; nothing where there is none.
    mutating func change(_ chunk: Int64, _ change: (inout Value) -> Void) {
        pages[chunk >> Self.bits]?.change(Self.offset(of: chunk), change)
    }

    private static func offset(of chunk: Int64) -> Int { Int(chunk & (1 << bits - 1)) }
}

extension ChunkTable: Sequence {
    func makeIterator() -> some IteratorProtocol<(key: Int64, value: Value)> {
        pages.lazy.flatMap { page, content in
            content.values.enumerated().lazy.compactMap { offset, value -> (key: Int64, value: Value)? in
                value.map { (page << Self.bits + Int64(offset), $0) }
            }
        }.makeIterator()
    }
}
