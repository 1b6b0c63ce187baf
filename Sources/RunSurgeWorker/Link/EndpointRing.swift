/// The work endpoints of the masters, in the order in which they are tried.
struct EndpointRing {
    private let endpoints: [String]
    private var position = 0
    /// The first is tried first, and a master that began a new term is met where it is.
    private var isStaying = true

    /// - Precondition: there is at least one.
    init(_ endpoints: [String]) {
        precondition(!endpoints.isEmpty)
        self.endpoints = endpoints
    }

    var hasSeveral: Bool { endpoints.count > 1 }

    /// The next link goes to the same master.
    mutating func stay() { isStaying = true }

    /// Where the next link goes.
    mutating func next() -> String {
        if !isStaying { position = (position + 1) % endpoints.count }
        isStaying = false
        return endpoints[position]
    }
}
