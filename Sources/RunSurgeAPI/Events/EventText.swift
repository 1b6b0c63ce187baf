import Foundation
import RunSurgeCore

/// Server-sent events as text.
enum EventText {
    static func event(_ event: Event) throws -> String {
        let view = EventView(subject: event.subject, status: event.state, at: event.at)
        return try text(view, kind: event.subject.kind, id: event.cursor)
    }

    /// What holds now, with the place that it holds at.
    static func state(_ status: String, of subject: Event.Subject, at: Timestamp, id: EventCursor) throws -> String {
        try text(EventView(subject: subject, status: status, at: at), kind: subject.kind, id: id)
    }

    /// Says that the stream lives, and where to come back to; clients show nothing of it.
    static func heartbeat(_ id: EventCursor) -> String { ": alive\nid: \(id)\n\n" }

    private static func text(_ view: EventView, kind: String, id: EventCursor) throws -> String {
        "event: \(kind)\nid: \(id)\ndata: \(String(decoding: try JSONBody.encode(view), as: UTF8.self))\n\n"
    }
}

extension Event.Subject {
    /// The `event` of a server-sent event.
    var kind: String {
        switch self {
        case .job: "job"
        case .group: "group"
        case .node: "node"
        }
    }
}
