import Crypto
import Foundation
import Hummingbird
import HummingbirdTesting
import NIOCore
import RunSurgeCore
import RunSurgeTestStores
import Testing

@testable import RunSurgeAPI

/// What only shows on a real connection.
@Suite(.timeLimit(.minutes(2))) struct ConnectionTests {
    private static func head(
        _ line: String, _ caller: Caller, port: Int, _ fields: [String]
    ) -> String {
        let all = ["Host: 127.0.0.1:\(port)", "Authorization: Bearer \(caller.accessToken)"] + fields
        return "\(line) HTTP/1.1\r\n\(all.joined(separator: "\r\n"))\r\n\r\n"
    }

    private static let giant = 5 << 30

    @Test(
        arguments: [
            ("PUT /api/blob/\(String(repeating: "a", count: 64))", "application/octet-stream"),
            ("POST /api/job/submit", Form().contentType),
        ], [false, true])
    func aFiveGigabyteUploadIsRefusedBeforeItIsRead(route: (String, String), asksFirst: Bool) async throws {
        let facade = try Facade()
        try await facade.test(.live) { client in
            let ada = try await Caller.register("ada", at: client)
            let port = try #require(client.port)
            let socket = try await RawSocket(port: port)
            var fields = ["Content-Length: \(Self.giant)", "Content-Type: \(route.1)"]
            if asksFirst { fields.append("Expect: 100-continue") }
            try await socket.send(Self.head(route.0, ada, port: port, fields))
            // A client that does not ask has sent some of it already.
            if !asksFirst { try await socket.send([UInt8](repeating: 0, count: 1 << 20)) }
            let answer = try await socket.receiveAll()
            #expect(answer.hasPrefix("HTTP/1.1 413"), "\(answer)")
            #expect(answer.contains("too_large") && answer.contains("limit"), "\(answer)")
            #expect(facade.blobs.files.isEmpty && facade.blobs.received == 0)
        }
    }

    @Test func aClientThatAsksIsToldToGoOn() async throws {
        let facade = try Facade()
        try await facade.test(.live) { client in
            let ada = try await Caller.register("ada", at: client)
            let port = try #require(client.port)
            let socket = try await RawSocket(port: port)
            let name = HexCoding.encode(SHA256.hash(data: Data("hello".utf8)))
            let fields = ["Content-Length: 5", "Expect: 100-continue", "Connection: close"]
            try await socket.send(Self.head("PUT /api/blob/\(name)", ada, port: port, fields))
            #expect(try await socket.receive(until: "\r\n\r\n").hasPrefix("HTTP/1.1 100"))
            try await socket.send("hello")
            #expect(try await socket.receiveAll().hasPrefix("HTTP/1.1 201"))
            #expect(facade.blobs.kept == [name])
        }
    }

    @Test func aCutUploadLeavesNothing() async throws {
        let facade = try Facade()
        try await facade.test(.live) { client in
            let ada = try await Caller.register("ada", at: client)
            let port = try #require(client.port)
            let body = Form().file("script", "s.py", String(repeating: "x", count: 1 << 20)).body
            let socket = try await RawSocket(port: port)
            let fields = ["Content-Length: \(body.count)", "Content-Type: \(Form().contentType)"]
            try await socket.send(Self.head("POST /api/job/submit", ada, port: port, fields))
            try await socket.send(Array(body.prefix(600_000)))
            try await eventually("the upload is under way") { facade.blobs.received > 100_000 }
            #expect(facade.blobs.files.count == 1)
            socket.cut()
            try await eventually("the staged file is gone") { facade.blobs.files.isEmpty }
            #expect(facade.jobs.all.isEmpty)
            #expect(try await client.send(.get, "/healthz").status == .ok)
        }
    }

    @Test func anUploadThatStallsIsClosedAndLeavesNothing() async throws {
        var facade = try Facade()
        facade.configuration.idleTimeout = .seconds(2)
        let (blobs, jobs) = (facade.blobs, facade.jobs)
        // A client with a pool, which bears that its own connections are closed too.
        try await facade.test(.ahc()) { client in
            let ada = try await Caller.register("ada", at: client)
            let port = try #require(client.port)
            let socket = try await RawSocket(port: port)
            let fields = ["Content-Length: 1000000", "Content-Type: \(Form().contentType)"]
            try await socket.send(Self.head("POST /api/job/submit", ada, port: port, fields))
            let body = Form().file("script", "s.py", String(repeating: "x", count: 100_000)).body
            try await socket.send(Array(body.prefix(50_000)))
            try await eventually("the upload is under way") { blobs.received > 0 }
            // Half a request, and a connection that says nothing at all.
            let silent = try await RawSocket(port: port)
            try await silent.send("GET /healthz HT")
            _ = try await socket.receiveAll()
            #expect(try await silent.receiveAll().isEmpty)
            try await eventually("the staged file is gone") { blobs.files.isEmpty }
            #expect(jobs.all.isEmpty)
        }
    }

    @Test func aReaderThatDoesNotReadIsClosed() async throws {
        var facade = try Facade()
        facade.configuration.stalledWriteTimeout = .milliseconds(300)
        let blobs = facade.blobs
        let size = 64 << 20
        try await facade.test(.live) { client in
            let port = try #require(client.port)
            let blob = try await blobs.put(Zeros(count: size), limit: .max)
            let socket = try await RawSocket(port: port, receiveBuffer: 65_536)
            try await socket.send(
                "GET /api/blob/\(blob.sha256)?size=\(size) HTTP/1.1\r\nHost: a\r\n"
                    + "Authorization: Bearer \(Facade.blobPass)\r\n\r\n")
            #expect(try await socket.receive(until: "\r\n\r\n").hasPrefix("HTTP/1.1 200"))
            try await eventually("the server gives up") { blobs.openReads == 0 }
            var taken = 0
            while case let piece = try await socket.receive(limit: 1 << 20), !piece.isEmpty { taken += piece.count }
            #expect(taken < size, "The whole blob came after all.")
        }
    }

    @Test func aFollowerThatLeavesIsNotFollowedFurther() async throws {
        let facade = try Facade()
        try await facade.test(.live) { client in
            let ada = try await Caller.register("ada", at: client)
            let id = try await client.submit(Form().file("script", "s.py", "x"), as: ada).decoded(JobView.self).jobID
            facade.jobs.append("one\n", to: .standardOutput, of: id)
            let port = try #require(client.port)
            let socket = try await RawSocket(port: port)
            try await socket.send(Self.head("GET /api/job/\(id)/logs?follow=true", ada, port: port, []))
            _ = try await socket.receive(until: "one\n")
            try await eventually("the server waits for more") { facade.jobs.waits == 1 }
            socket.cut()
            // The job says nothing more, so only the connection's end can tell.
            try await eventually("the server stops to wait") {
                // Between two waits there is none for a moment.
                for _ in 0..<20 {
                    guard facade.jobs.waits == 0 else { return false }
                    try await Task.sleep(for: .milliseconds(2))
                }
                return true
            }
        }
    }

    @Test func uploadsBeyondTheirNumberWaitForTheirTurn() async throws {
        var facade = try Facade()
        facade.configuration.concurrentUploads = 1
        let blobs = facade.blobs
        try await facade.test(.live) { client in
            let ada = try await Caller.register("ada", at: client)
            let port = try #require(client.port)
            let names = ["first", "other"].map { HexCoding.encode(SHA256.hash(data: Data($0.utf8))) }
            let fields = ["Content-Length: 5", "Expect: 100-continue", "Connection: close"]
            let first = try await RawSocket(port: port)
            try await first.send(Self.head("PUT /api/blob/\(names[0])", ada, port: port, fields))
            _ = try await first.receive(until: "100 Continue")
            let second = try await RawSocket(port: port)
            try await second.send(Self.head("PUT /api/blob/\(names[1])", ada, port: port, fields))
            async let answer = second.receive(until: "100 Continue")
            try await first.send("first")
            #expect(try await first.receive(until: "receipt").contains("201"))
            #expect(blobs.kept == [names[0]])
            _ = try await answer
            try await second.send("other")
            #expect(try await second.receiveAll().contains("201"))
        }
    }

    @Test func aConnectionServesManyRequests() async throws {
        try await Facade().test(.live) { client in
            let port = try #require(client.port)
            let socket = try await RawSocket(port: port)
            for _ in 0..<3 {
                try await socket.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try await socket.receive(until: "ok").hasPrefix("HTTP/1.1 200"))
            }
            // A small refusal does not cost the connection; a large unread body does.
            try await socket.send("POST /api/auth/login HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}")
            #expect(try await socket.receive(until: "missing").hasPrefix("HTTP/1.1 422"))
            try await socket.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await socket.receive(until: "ok").hasPrefix("HTTP/1.1 200"))
        }
    }
}
