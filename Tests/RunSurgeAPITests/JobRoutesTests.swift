import Crypto
import Foundation
import Hummingbird
import HummingbirdTesting
import RunSurgeCore
import RunSurgeTestStores
import Testing

@testable import RunSurgeAPI

@Suite struct JobRoutesTests {
    /// A job of `caller` that has ended and left `files` and "out\n" and "err\n".
    private static func finished(
        _ facade: Facade, _ client: any TestClientProtocol, _ caller: Caller, files: [(String, String)]
    ) async throws -> JobID {
        let response = try await client.submit(Form().file("script", "s.py", "x"), as: caller)
        let id = try response.decoded(JobView.self).jobID
        var outputs: [FileEntry] = []
        for (name, content) in files {
            let blob = try await facade.blobs.put(Array(content.utf8))
            outputs.append(FileEntry(path: "/job/\(name)", blob: blob, modifiedNanoseconds: 42, mode: 0o640))
        }
        let outcome = JobOutcome(
            exitStatus: 3, standardOutput: try await facade.blobs.put(Array("out\n".utf8)),
            standardError: try await facade.blobs.put(Array("err\n".utf8)), outputs: outputs,
            deleted: ["/job/old.txt"], report: Array(#"{"chunks": 2}"#.utf8))
        facade.jobs.update(id, state: .completed, plan: Array(#"{"regions": []}"#.utf8), outcome: outcome)
        return id
    }

    @Test func aFinishedJobShowsEverythingItLeft() async throws {
        let facade = try Facade()
        try await facade.test { client in
            let ada = try await Caller.register("ada", at: client)
            let id = try await Self.finished(
                facade, client, ada, files: [("a.csv", "1,2\n"), ("sub dir/né%.txt", "deep")])
            let show = try await client.send(.get, "/api/job/\(id)/", as: ada)
            #expect(show.text.contains(#""status":"completed""#) && show.text.contains(#""exit_status":3"#))
            #expect(show.text.contains(#""created_at":"2025-11-24T16:00:00.000000Z""#), "\(show.text)")
            #expect(try await client.send(.get, "/api/job/\(id)/plan", as: ada).text == #"{"regions": []}"#)
            #expect(try await client.send(.get, "/api/job/\(id)/report", as: ada).text == #"{"chunks": 2}"#)

            let list = try await client.send(.get, "/api/job/\(id)/outputs", as: ada).decoded(OutputListView.self)
            #expect(list.outputs.map(\.path) == ["a.csv", "sub dir/né%.txt"] && list.deleted == ["old.txt"])
            #expect(list.exitStatus == 3 && list.standardOutput.size == 4 && list.outputs[0].mode == 0o640)

            let file = try await client.send(.get, "/api/job/\(id)/outputs/sub%20dir/n%C3%A9%25.txt", as: ada)
            #expect(file.status == .ok && file.text == "deep")
            let disposition = try #require(file.headers[.contentDisposition])
            #expect(disposition == #"attachment; filename="n_%.txt"; filename*=UTF-8''n%C3%A9%25.txt"#)
            #expect(try await client.send(.get, "/api/job/\(id)/outputs/b.csv", as: ada).code == "output_not_found")
            let head = try await client.send(.head, "/api/job/\(id)/outputs/a.csv", as: ada)
            #expect(head.status == .ok && head.headers[.contentLength] == "4" && head.text.isEmpty)

            for (stream, text) in [
                ("", "out\n"), ("?stream=stderr", "err\n"), ("?offset=2", "t\n"), ("?offset=99", ""),
            ] {
                #expect(try await client.send(.get, "/api/job/\(id)/logs\(stream)", as: ada).text == text)
            }
            let range = try await client.send(
                .get, "/api/job/\(id)/logs", as: ada, headers: [.range: "bytes=1-2"])
            #expect(range.status == .partialContent && range.text == "ut")
        }
    }

    @Test func whatIsNotThereYetIs404WithItsReason() async throws {
        let facade = try Facade()
        try await facade.test { client in
            let ada = try await Caller.register("ada", at: client)
            let id = try await client.submit(Form().file("script", "s.py", "x"), as: ada).decoded(JobView.self).jobID
            for route in ["plan", "outputs", "outputs/a", "report"] {
                let response = try await client.send(.get, "/api/job/\(id)/\(route)", as: ada)
                #expect(response.status == .notFound && response.code == "not_yet", "\(route): \(response.text)")
            }
            facade.jobs.update(id, state: .failed)
            let failed = try await client.send(.get, "/api/job/\(id)/outputs", as: ada)
            #expect(failed.code == "job_failed" && failed.text.contains("It broke."))
        }
    }

    @Test func everyRouteOfAJobIsItsOwnersOnly() async throws {
        let facade = try Facade()
        try await facade.test { client in
            let ada = try await Caller.register("ada", at: client)
            let bob = try await Caller.register("bob", at: client)
            let id = try await Self.finished(facade, client, ada, files: [("a.csv", "1,2\n")])
            let routes: [(HTTPRequest.Method, String)] = [
                (.get, ""), (.get, "/plan"), (.get, "/regions"), (.get, "/logs"), (.get, "/logs?follow=true"),
                (.get, "/outputs"), (.get, "/outputs/a.csv"), (.get, "/chunks"), (.get, "/report"), (.post, "/cancel"),
                (.delete, ""),
            ]
            for (method, route) in routes {
                let own = try await client.send(method, "/api/job/\(id)\(route)", as: ada)
                #expect(own.status == .ok, "\(method) \(route): \(own.text)")
                let foreign = try await client.send(method, "/api/job/\(id)\(route)", as: bob)
                #expect(foreign.status == .forbidden && foreign.code == "forbidden", "\(method) \(route)")
                let nobody = try await client.send(method, "/api/job/\(id)\(route)")
                #expect(nobody.status == .unauthorized, "\(method) \(route)")
                for unknown in ["999", "0", "-1", "x", "99999999999999999999"] {
                    let response = try await client.send(method, "/api/job/\(unknown)\(route)", as: ada)
                    #expect(response.status == .notFound && response.code == "job_not_found", "\(method) \(unknown)")
                }
            }
            #expect(try await client.send(.get, "/api/users/jobs", as: bob).decoded(JobListView.self).jobs.isEmpty)
        }
    }

    @Test func jobsComeInPagesNewestFirst() async throws {
        try await Facade().test { client in
            let ada = try await Caller.register("ada", at: client)
            for _ in 0..<5 { _ = try await client.submit(Form().file("script", "s.py", "x"), as: ada) }
            var seen: [Int64] = []
            var query = "?limit=2"
            for _ in 0..<3 {
                let page = try await client.send(.get, "/api/users/jobs\(query)", as: ada).decoded(JobListView.self)
                #expect(page.success)
                seen += page.jobs.map(\.jobID.rawValue)
                query = "?limit=2&before=\(page.nextBefore?.rawValue ?? 1)"
            }
            #expect(seen == [5, 4, 3, 2, 1])
            for query in ["?limit=0", "?limit=1001", "?limit=x", "?before=-1"] {
                #expect(try await client.send(.get, "/api/users/jobs\(query)", as: ada).status == .unprocessableContent)
            }
        }
    }

    @Test func cancellingIsDoneOnce() async throws {
        let facade = try Facade()
        try await facade.test { client in
            let ada = try await Caller.register("ada", at: client)
            let id = try await client.submit(Form().file("script", "s.py", "x"), as: ada).decoded(JobView.self).jobID
            let first = try await client.send(.post, "/api/job/\(id)/cancel", as: ada)
            #expect(try first.status == .ok && first.decoded(CancellationView.self).success)
            let second = try await client.send(.delete, "/api/job/\(id)", as: ada)
            #expect(try second.status == .ok && !second.decoded(CancellationView.self).success)
            #expect(facade.jobs.all.first?.state == .cancelled)
        }
    }

    @Test(.timeLimit(.minutes(1))) func followingALogEndsWithTheJobAndLosesNothing() async throws {
        let facade = try Facade()
        try await facade.test { client in
            let ada = try await Caller.register("ada", at: client)
            let id = try await client.submit(Form().file("script", "s.py", "x"), as: ada).decoded(JobView.self).jobID
            facade.jobs.append("one\n", to: .standardOutput, of: id)
            facade.jobs.append("unseen\n", to: .standardError, of: id)
            #expect(try await client.send(.get, "/api/job/\(id)/logs", as: ada).text == "one\n")
            async let followed = client.send(.get, "/api/job/\(id)/logs?follow=true&offset=2", as: ada)
            facade.jobs.append("two\n", to: .standardOutput, of: id)
            // The database keeps a part of the stream only; the end is in the blob.
            let whole = try await facade.blobs.put(Array("one\ntwo\nthree\n".utf8))
            let none = try await facade.blobs.put(Array("unseen\n".utf8))
            facade.jobs.update(
                id, state: .completed,
                outcome: JobOutcome(
                    exitStatus: 0, standardOutput: whole, standardError: none, outputs: [], deleted: [], report: []))
            #expect(try await followed.text == "e\ntwo\nthree\n")
        }
    }

    @Test func regionsAndNodesAreShown() async throws {
        let facade = try Facade()
        try await facade.test { client in
            let ada = try await Caller.register("ada", at: client)
            let bob = try await Caller.register("bob", at: client)
            let id = try await client.submit(Form().file("script", "s.py", "x"), as: ada).decoded(JobView.self).jobID
            facade.jobs.set(
                regions: [
                    RegionSummary(
                        id: RegionID(9), node: 1, line: 12, entry: 0, chunks: 4, completed: 2, records: 100,
                        predictedPeak: 5, measuredPeak: 6)
                ], of: id)
            let regions = try await client.send(.get, "/api/job/\(id)/regions", as: ada)
            #expect(regions.text.contains(#""predicted_peak_bytes":5"#) && regions.text.contains(#""line":12"#))

            func node(_ number: Int64, _ owner: UserID?) -> Node {
                Node(
                    id: NodeID(number), owner: owner, name: "n\(number)", slots: 2, memory: 1 << 30, isAlive: true,
                    createdAt: Timestamp(microseconds: 0), lastSeenAt: nil, completedChunks: 7)
            }
            facade.jobs.set(nodes: [node(1, nil), node(2, ada.id), node(3, bob.id)])
            let nodes = try await client.send(.get, "/api/node/", as: ada).decoded([NodeView].self)
            #expect(nodes.map(\.nodeID.rawValue) == [1, 2] && nodes[0].completedTasks == 7)
            #expect(try await client.send(.get, "/api/node").status == .unauthorized)

            #expect(try await client.send(.post, "/api/node/2/drain").status == .unauthorized)
            #expect(try await client.send(.post, "/api/node/x/drain", as: ada).status == .notFound)
            #expect(try await client.send(.post, "/api/node/99/drain", as: ada).status == .notFound)
            for foreign in [1, 3] {
                let response = try await client.send(.post, "/api/node/\(foreign)/drain", as: ada)
                #expect(response.status == .forbidden, "\(foreign)")
            }
            #expect(try await client.send(.post, "/api/node/2/drain", as: ada).status == .ok)
            let drained = try await client.send(.get, "/api/node/", as: ada).decoded([NodeView].self)
            #expect(drained.map(\.isDraining) == [false, true])
            #expect(try await client.send(.post, "/api/node/2/undrain", as: ada).status == .ok)
            let again = try await client.send(.get, "/api/node/", as: ada).decoded([NodeView].self)
            #expect(again.map(\.isDraining) == [false, false])
        }
    }
}
