import OrderedCollections

/// The statements a session has prepared: bounded, least recently used first out. A value; the connection carries out
/// what it says.
struct StatementCache {
    struct Key: Hashable {
        let sql: String
        let types: [SQLType]
    }

    enum Lookup: Equatable {
        case prepared(name: String)
        case prepare(name: String)
    }

    private var names: OrderedDictionary<Key, String> = [:]  // least recently used first
    private(set) var evicted: [String] = []
    private var counter = 0
    private let limit: Int

    init(limit: Int) {
        self.limit = limit
    }

    var count: Int { names.count }

    mutating func lookup(_ key: Key) -> Lookup {
        if let name = names.removeValue(forKey: key) {
            names[key] = name
            return .prepared(name: name)
        }
        counter += 1
        return .prepare(name: "s\(counter)")
    }

    /// The server has prepared it.
    mutating func insert(_ key: Key, name: String) {
        if let replaced = names.updateValue(name, forKey: key) { evicted.append(replaced) }
        while names.count > limit { evicted.append(names.removeFirst().value) }
    }

    /// Its plan is no longer valid, or the server forgot it.
    mutating func invalidate(_ key: Key) {
        if let name = names.removeValue(forKey: key) { evicted.append(name) }
    }

    mutating func takeEvicted() -> [String] {
        defer { evicted = [] }
        return evicted
    }

    mutating func removeAll() {
        names = [:]
        evicted = []
    }
}
