/// A change of something's state, for whoever watches.
public struct Event: Sendable, Equatable {
    public enum Subject: Sendable, Hashable {
        case job(JobID)
        case group(JobGroupID)
        case node(NodeID)
    }

    public let cursor: EventCursor
    /// Whose it is; nil: a node of the cluster itself.
    public let owner: UserID?
    public let subject: Subject
    /// The raw value of the job's or the group's new state; of a node `alive`, `draining` or `gone`.
    public let state: String
    public let at: Timestamp

    public init(cursor: EventCursor, owner: UserID?, subject: Subject, state: String, at: Timestamp) {
        self.cursor = cursor
        self.owner = owner
        self.subject = subject
        self.state = state
        self.at = at
    }
}

/// Some events in their order.
public struct EventPage: Sendable, Equatable {
    public let events: [Event]
    /// From here on nothing was missed, whatever the page holds.
    public let next: EventCursor
    /// False while there are events that may not be read yet, because an older transaction is not over: ask again
    /// shortly, nobody will be woken for them.
    public let isSettled: Bool

    public init(events: [Event], next: EventCursor, isSettled: Bool) {
        self.events = events
        self.next = next
        self.isSettled = isSettled
    }
}
