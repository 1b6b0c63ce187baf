/// An object as the analysis tells objects apart.
enum AbstractObject: Hashable {
    /// Made at a place inside the code looked at.
    case site(Int)
    /// What a variable from outside holds when the code is entered.
    case root(Variable)
    /// Anything reachable from it.
    case content(Variable)
    /// The record of a loop, and anything reachable from it.
    case record
    case recordContent
    /// The result of something unknown: may be any object that unknown code ever saw.
    case unknown

    /// What lies directly inside, before anything was stored there by the code looked at.
    var initialContents: Set<AbstractObject> {
        switch self {
        case .site: []
        case .root(let variable), .content(let variable): [.content(variable)]
        case .record, .recordContent: [.recordContent]
        case .unknown: [.unknown]
        }
    }
}

typealias Objects = Set<AbstractObject>
