public import RunSurgeCore
internal import Synchronization

/// What a master is to its database at the moment.
public enum MasterRole: Sendable, Hashable {
    /// It has not found out yet.
    case starting
    /// Another one leads; this one takes over when that ends.
    case standby
    case leading(term: Int64)
}

/// The role of one master, shared with whoever tells of it.
public final class MasterStanding: Sendable {
    private let state = Mutex(MasterRole.starting)

    public init() {}

    public var role: MasterRole { state.withLock { $0 } }

    func become(_ role: MasterRole) { state.withLock { $0 = role } }

    /// As REST shows it.
    public var view: MasterRoleView {
        switch role {
        case .starting: MasterRoleView(role: .starting, term: nil)
        case .standby: MasterRoleView(role: .standby, term: nil)
        case .leading(let term): MasterRoleView(role: .leader, term: term)
        }
    }
}
