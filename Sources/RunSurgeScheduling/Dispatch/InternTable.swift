/// Small numbers for values that many share; a number is never used again for another.
struct InternTable<Value: Hashable & Sendable>: Sendable {
    private var numbers: [Value: Int] = [:]
    private var entries: [Int: (value: Value, uses: Int)] = [:]
    private var last = 0

    subscript(number: Int) -> Value? { entries[number]?.value }

    /// The number of a value, for one more user of it.
    mutating func take(_ value: Value) -> Int {
        if let number = numbers[value] {
            entries[number]?.uses += 1
            return number
        }
        last += 1
        numbers[value] = last
        entries[last] = (value, 1)
        return last
    }

    /// One user less; true when it was the last.
    @discardableResult
    mutating func drop(_ number: Int) -> Bool {
        guard let entry = entries[number] else { return false }
        guard entry.uses == 1 else {
            entries[number]?.uses -= 1
            return false
        }
        entries[number] = nil
        numbers[entry.value] = nil
        return true
    }
}
