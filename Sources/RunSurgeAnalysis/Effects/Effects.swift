/// Something that keeps a loop from being split.
struct Hazard: Hashable {
    let code: String
    let line: Int
    let message: String
    var variable: String?
}

/// What a piece of code does, in terms of what it finds when it is entered.
struct Effects: Equatable {
    /// Variables from outside that are read, functions called among them.
    var reads: Set<Variable> = []
    /// Of these, the ones that called functions read, not the code itself.
    var indirectReads: Set<Variable> = []
    /// Variables from outside that are assigned (global, nonlocal), with what they may hold then.
    var binds: [Variable: Objects] = [:]
    /// Objects changed, with the line of the first change.
    var mutations: [AbstractObject: Int] = [:]
    /// Handles written to, with the methods used.
    var writes: [AbstractObject: Set<String>] = [:]
    /// Objects from outside of which something is read: an attribute, an item, the result of a method.
    var inspections: Objects = []
    /// Places that make functions, generators or exceptions: these are tied to their frame and can't leave a chunk.
    var rooted: Set<Int> = []
    var streams: Set<String> = []
    var hazards: Set<Hazard> = []
    var returns: Objects = []
    /// What was stored inside objects.
    var heap: [AbstractObject: Objects] = [:]
    /// Own modules whose functions run.
    var modules: Set<String> = []
    var printsOrWrites: Bool { !streams.isEmpty || !writes.isEmpty }
    /// What it reads, itself or through functions it calls.
    var allReads: Set<Variable> { reads.union(indirectReads) }
}
