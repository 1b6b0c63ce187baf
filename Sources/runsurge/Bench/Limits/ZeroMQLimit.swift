import Foundation
import ZeroMQ

/// Messages of 200 bytes from a DEALER to a ROUTER and back over loopback, by libzmq alone and through the socket
/// thread.
enum ZeroMQLimit {
    private static let message = Frame(repeating: 7, count: 200)
    private static let window = 1_000
    private static let limit = MessageLimit(frames: 2, bytes: 1 << 20)
    private static let bind = ["tcp://127.0.0.1:*"]

    static func measure(roundTrips: Int = 200_000) async throws -> [BenchFigure] {
        let direct = try await onThreads(roundTrips)
        let through = try await throughSocketThread(roundTrips)
        return [
            BenchFigure("ZeroMQ echo, libzmq alone", direct, "round trips/s"),
            BenchFigure("ZeroMQ echo, through the socket thread", through, "round trips/s"),
        ]
    }

    // MARK: libzmq alone, a thread at each end

    private static func onThreads(_ count: Int) async throws -> Double {
        let (endpoints, bound) = AsyncStream.makeStream(of: String.self)
        async let seconds: Double = {
            for await endpoint in endpoints { return try await onThread { try ask(endpoint, count) } }
            throw CommandError.failure("the echo did not bind")
        }()
        try await onThread { try echo(count) { bound.yield($0) } }
        return Double(count) / (try await seconds)
    }

    private static func onThread<Value: Sendable>(
        _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            Thread { continuation.resume(with: Result(catching: body)) }.start()
        }
    }

    private static func echo(_ count: Int, isBound: (String) -> Void) throws {
        let socket = try Socket(try Context(), .router)
        // A ROUTER drops what its peer's queue has no room for, and room is told of in lots of half a queue.
        var options = SocketOptions()
        options.sendHighWaterMark = Int32(4 * window)
        try socket.apply(options)
        isBound(try socket.bind(bind[0]))
        var answered = 0
        while answered < count {
            guard let message = try socket.receive(limit: limit) else {
                socket.waitUntilReadable(milliseconds: 1_000)
                continue
            }
            try sendWhenPossible(message.frames, socket)
            answered += 1
        }
        // The last answers leave before the socket closes.
        Thread.sleep(forTimeInterval: 0.2)
    }

    private static func ask(_ endpoint: String, _ count: Int) throws -> Double {
        let socket = try Socket(try Context(), .dealer)
        try socket.connect(endpoint)
        let start = ContinuousClock.now
        var (sent, received) = (0, 0)
        while received < count {
            while sent < count, sent - received < window {
                try sendWhenPossible([message], socket)
                sent += 1
            }
            guard try socket.receive(limit: limit) != nil else {
                socket.waitUntilReadable(milliseconds: 1_000)
                continue
            }
            received += 1
        }
        return (ContinuousClock.now - start).seconds
    }

    private static func sendWhenPossible(_ frames: [Frame], _ socket: borrowing Socket) throws {
        while true {
            do throws(ZeroMQError) {
                return try socket.send(frames)
            } catch {
                guard error.isRetriable else { throw error }
                Thread.sleep(forTimeInterval: 0.0005)
            }
        }
    }

    // MARK: Through the socket thread

    private static func throughSocketThread(_ count: Int) async throws -> Double {
        let (near, far) = (try SocketThread(name: "near"), try SocketThread(name: "far"))
        let router = try await far.open(SocketConfiguration(.router, bind: bind))
        let dealer = try await near.open(SocketConfiguration(.dealer, connect: router.boundEndpoints))
        let echo = Task {
            while let batch = await router.messages.nextBatch() {
                for message in batch { try router.send(message.frames) }
            }
        }
        let start = ContinuousClock.now
        var (sent, received) = (0, 0)
        while received < count {
            while sent < count, sent - received < window {
                try dealer.send([message])
                sent += 1
            }
            guard let batch = await dealer.messages.nextBatch() else { break }
            received += batch.count
        }
        let seconds = (ContinuousClock.now - start).seconds
        echo.cancel()
        await near.shutdown()
        await far.shutdown()
        return Double(count) / seconds
    }
}
