/// A dictionary whose values stay where they are: `table[key]?.field = value` changes the field in place, where a
/// dictionary would move the whole value out and in again, and the key that was used last is found without hashing.
///
/// Iterates in an order that depends on nothing but the changes made.
struct EntryTable<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private var places: [Key: Int] = [:]
    private var slots: [Value?] = []
    private var keysBySlot: [Key?] = []
    private var free: [Int] = []
    /// The key used last, and its place; nil: it is not here.
    private var lastKey: Key?
    private var lastPlace: Int?

    var count: Int { places.count }
    var isEmpty: Bool { places.isEmpty }
    var keys: Dictionary<Key, Int>.Keys { places.keys }
    var values: some Sequence<Value> { slots.lazy.compactMap { $0 } }

    subscript(key: Key) -> Value? {
        _read {
            if let place = place(of: key) { yield slots[place] } else { yield nil }
        }
        _modify {
            let known = lastKey == key ? lastPlace : places[key]
            let place = known ?? free.popLast() ?? slots.count
            if place == slots.count {
                slots.append(nil)
                keysBySlot.append(nil)
            }
            defer { settle(key, at: place, wasKnown: known != nil) }
            yield &slots[place]
        }
    }

    @discardableResult
    mutating func removeValue(forKey key: Key) -> Value? {
        guard let place = place(of: key) else { return nil }
        let value = slots[place].take()
        settle(key, at: place, wasKnown: true)
        return value
    }

    private func place(of key: Key) -> Int? { lastKey == key ? lastPlace : places[key] }

    /// After a slot was changed: the key has moved in, or out.
    private mutating func settle(_ key: Key, at place: Int, wasKnown: Bool) {
        let isHere = slots[place] != nil
        if isHere != wasKnown {
            if isHere {
                places[key] = place
                keysBySlot[place] = key
            } else {
                places[key] = nil
                keysBySlot[place] = nil
                free.append(place)
            }
        } else if !isHere {
            free.append(place)
        }
        lastKey = key
        lastPlace = isHere ? place : nil
    }
}

extension EntryTable: Sequence {
    func makeIterator() -> some IteratorProtocol<(key: Key, value: Value)> {
        zip(keysBySlot, slots).lazy.compactMap { key, value -> (key: Key, value: Value)? in
            guard let key, let value else { return nil }
            return (key, value)
        }.makeIterator()
    }
}
