/// Attached workers that can run the same scripts.
struct WorkerClass: Sendable {
    /// What they have in common.
    struct Traits: Hashable, Sendable {
        let pythonVersion: String
        let modules: Set<String>
    }

    let traits: Traits
    private(set) var slots = 0
    /// Bytes of each of them.
    private(set) var memory = SortedArray<Int64>()
    /// Bytes that one slot of each may use.
    private(set) var shares = SortedArray<Int64>()
    /// Bytes of those that can be given work.
    private(set) var reachable = SortedArray<Int64>()

    init(_ traits: Traits) { self.traits = traits }

    var isEmpty: Bool { memory.isEmpty }

    mutating func add(_ session: SessionEntry) {
        slots += session.slots
        memory.add(session.memory)
        shares.add(session.memoryShare)
        if session.isOpen { reachable.add(session.memory) }
    }

    mutating func remove(_ session: SessionEntry) {
        slots -= session.slots
        memory.remove(session.memory)
        shares.remove(session.memoryShare)
        if session.isOpen { reachable.remove(session.memory) }
    }
}
