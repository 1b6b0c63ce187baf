import RunSurgeCore

/// What one stream of events is about.
struct EventScope: Sendable {
    enum Target: Sendable {
        /// All that is the owner's.
        case everything
        case job(JobID)
        /// With the members that it has.
        case group(JobGroupID)
    }

    let target: Target
    let owner: UserID
    private let jobs: any JobStore
    private let groups: any GroupStore
    /// Of the group.
    private var members: Set<JobID> = []

    init(_ target: Target, owner: UserID, jobs: any JobStore, groups: any GroupStore) {
        self.target = target
        self.owner = owner
        self.jobs = jobs
        self.groups = groups
    }

    /// Whose state is shown first, and whose end is the stream's; nil: the stream has neither.
    var subject: Event.Subject? {
        switch target {
        case .everything: nil
        case .job(let id): .job(id)
        case .group(let id): .group(id)
        }
    }

    var topics: Set<EventHub.Topic> {
        switch target {
        case .everything: [.owner(owner)]
        case .job(let id): [.subject(.job(id))]
        case .group(let id): Set([.subject(.group(id))] + members.map { .subject(.job($0)) })
        }
    }

    func includes(_ event: Event) -> Bool {
        switch (target, event.subject) {
        case (.everything, _): true
        case (.job(let wanted), .job(let id)): wanted == id
        case (.group(let wanted), .group(let id)): wanted == id
        case (.group, .job(let id)): members.contains(id)
        case (.job, _), (.group, .node): false
        }
    }

    /// A retry puts another job into a member's place, and changes the group's state.
    mutating func readMembers() async throws {
        guard case .group(let id) = target else { return }
        members = Set(try await groups.members(of: [id], owner: owner).map(\.job))
    }

    /// The state of the subject as it is now.
    func state() async throws -> String? {
        switch target {
        case .everything: nil
        case .job(let id): try await jobs.overview(of: id, owner: owner)?.state.rawValue
        case .group(let id): try await groups.group(id, owner: owner)?.state.rawValue
        }
    }

    /// Whether nothing comes after this state of the subject. A group that failed may run again; who wants to see that
    /// comes again.
    func isFinal(_ state: String) -> Bool {
        switch target {
        case .everything: false
        case .job: JobState(rawValue: state)?.isFinal ?? false
        case .group: [GroupState.completed, .failed].map(\.rawValue).contains(state)
        }
    }
}
