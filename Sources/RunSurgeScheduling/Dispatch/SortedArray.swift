/// Elements in ascending order. Insertion and removal move what lies behind: cheap up to some ten thousand.
struct SortedArray<Element: Comparable & Sendable>: Sendable {
    private(set) var elements: [Element] = []

    init() {}
    init(_ unsorted: some Sequence<Element>) { elements = unsorted.sorted() }

    var isEmpty: Bool { elements.isEmpty }
    var count: Int { elements.count }
    var first: Element? { elements.first }
    var last: Element? { elements.last }
    subscript(position: Int) -> Element { elements[position] }

    /// Adds an element that is not there yet.
    mutating func insert(_ element: Element) {
        let position = position(of: element)
        guard position == elements.count || elements[position] != element else { return }
        elements.insert(element, at: position)
    }

    /// Adds an element, beside equal ones.
    mutating func add(_ element: Element) { elements.insert(element, at: position(of: element)) }

    /// Removes one of the elements that are equal to it, if there is any.
    mutating func remove(_ element: Element) {
        let position = position(of: element)
        if position < elements.count, elements[position] == element { elements.remove(at: position) }
    }

    func contains(_ element: Element) -> Bool {
        let position = position(of: element)
        return position < elements.count && elements[position] == element
    }

    func first(after element: Element) -> Element? {
        var position = position(of: element)
        while position < elements.count, elements[position] == element { position += 1 }
        return position < elements.count ? elements[position] : nil
    }

    /// The first of all without a bound.
    func next(after element: Element?) -> Element? { element.map { first(after: $0) } ?? first }

    /// How many are `bound` or more.
    func count(atLeast bound: Element) -> Int { elements.count - position(of: bound) }

    private func position(of element: Element) -> Int {
        var low = 0
        var high = elements.count
        while low < high {
            let middle = (low + high) / 2
            if elements[middle] < element { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
