import HTTPTypes
import Hummingbird
import RunSurgeCore
import ServiceLifecycle

/// Changes of jobs, groups and nodes as server-sent events.
struct EventRoutes: Sendable {
    let jobs: any JobStore
    let groups: any GroupStore
    let events: any EventStore
    let hub: EventHub
    /// Streams at the same time; further ones are refused.
    let streams: Int

    private static let cursor = Schema.text(3...40, pattern: "[0-9]{1,19}-[0-9]{1,19}")
    private static let lastEvent = Parameter.optionalText(
        "Last-Event-ID", in: .header, cursor, "The `id` of the last event that came; goes ahead of `after`.")
    private static let after = Parameter.optionalText(
        "after", in: .query, cursor,
        "The `id` of an event, of the last day: what came after it is sent. Nothing: from now on.")
    private static let answer = Answer(
        .ok,
        "Events `job`, `group` and `node`, whose data is JSON with `job_id`, `group_id` or `node_id`, `status` and "
            + "`at`. Comments say that the stream lives.",
        .events)
    private static let over = Answer(
        .noContent, "It has ended, and nothing came after the event that is named: there is no need to come again.",
        .none)

    var endpoints: [Endpoint] {
        let places = [Self.lastEvent.description, Self.after.description]
        return [
            Endpoint(
                .get, "/api/events", id: "events", .events, "Streams changes of the caller's jobs, groups and nodes.",
                parameters: places, answers: [Self.answer], refusals: [.busy],
                .user { call, user in try await stream(.everything, of: user.id, call) }),
            Endpoint(
                .get, "/api/job/{id}/events", id: "jobEvents", .events,
                "Streams changes of a job until it has ended, its state ahead.",
                parameters: [JobAccess.id.description] + places, answers: [Self.answer, Self.over],
                refusals: Refusal.job + [.busy],
                JobAccess(jobs: jobs).overview { call, job in try await stream(.job(job.id), of: job.owner, call) }),
            Endpoint(
                .get, "/api/group/{id}/events", id: "groupEvents", .events,
                "Streams changes of a group and its members until it has ended, its state ahead.",
                parameters: [GroupAccess.id.description] + places, answers: [Self.answer, Self.over],
                refusals: Refusal.group + [.busy],
                GroupAccess(groups: groups).user { call, group in
                    try await stream(.group(group.id), of: group.owner, call)
                }),
        ]
    }

    private func stream(_ target: EventScope.Target, of owner: UserID, _ call: Call) async throws -> Response {
        guard await hub.count < streams else {
            throw APIError(
                .serviceUnavailable, "busy", "There are \(streams) streams already; try again later.", retryAfter: 10)
        }
        let scope = EventScope(target, owner: owner, jobs: jobs, groups: groups)
        let stream = EventStream(events: events, hub: hub, scope: scope, after: try Self.place(in: call))
        if try await stream.isOver() { return Response(status: .noContent) }
        let (body, hub) = (call.request.body, hub)
        return Response(
            status: .ok,
            headers: [
                .contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-store",
                // Watching for the reader's end takes the connection's input, so it serves nothing else afterwards.
                .connection: "close",
            ],
            body: ResponseBody { writer in
                try await body.consumeWithCancellationOnInboundClose { _ in
                    var stream = stream
                    // A server that ends waits for its answers, and this one has no end of its own.
                    try await withGracefulShutdownHandler {
                        try await stream.run(&writer)
                    } onGracefulShutdown: {
                        Task { await hub.end() }
                    }
                }
                try await writer.finish(nil)
            })
    }

    /// - Throws: 422 for a number that is none.
    private static func place(in call: Call) throws -> EventCursor? {
        let (name, text) = call[lastEvent].map { ("Last-Event-ID", $0) } ?? ("after", call[after] ?? "")
        guard !text.isEmpty else { return nil }
        guard let cursor = EventCursor(text) else {
            throw APIError.invalid(name, "\(text) is not the id of an event.")
        }
        return cursor
    }
}
