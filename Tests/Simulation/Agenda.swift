/// What happens next: a binary heap by time, first come first served at the same time.
struct Agenda<Item> {
    private struct Entry {
        let time: Int64
        let serial: UInt64
        /// Where the item is: it is large and stays there while its entry moves.
        let place: Int

        func precedes(_ other: Entry) -> Bool { (time, serial) < (other.time, other.serial) }
    }

    private var heap: [Entry] = []
    private var items: [Item?] = []
    private var free: [Int] = []
    private var serial: UInt64 = 0

    mutating func add(_ item: Item, at time: Int64) {
        serial += 1
        let place: Int
        if let reused = free.popLast() {
            place = reused
            items[place] = item
        } else {
            place = items.count
            items.append(item)
        }
        heap.append(Entry(time: time, serial: serial, place: place))
        var child = heap.count - 1
        while child > 0, heap[child].precedes(heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func next() -> (time: Int64, item: Item)? {
        guard let first = heap.first, let last = heap.popLast(), let item = items[first.place].take() else {
            return nil
        }
        free.append(first.place)
        guard !heap.isEmpty else { return (first.time, item) }
        heap[0] = last
        var parent = 0
        while true {
            let left = 2 * parent + 1
            guard left < heap.count else { break }
            let right = left + 1
            let least = right < heap.count && heap[right].precedes(heap[left]) ? right : left
            guard heap[least].precedes(heap[parent]) else { break }
            heap.swapAt(least, parent)
            parent = least
        }
        return (first.time, item)
    }
}
