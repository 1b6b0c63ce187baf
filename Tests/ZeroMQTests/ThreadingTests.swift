import Testing
import ZeroMQ

/// Sockets belong to one thread; everybody else goes through its mailbox, and nothing sleeps through an edge.
@Suite(.timeLimit(.minutes(1))) struct ThreadingTests {
    @Test func manyTasksMaySendOnOneSocket() async throws {
        try await withSockets { thread in
            let pull = try await thread.open(SocketConfiguration(.pull, bind: ["tcp://127.0.0.1:*"]))
            let push = try await thread.open(SocketConfiguration(.push, connect: pull.boundEndpoints))
            let (tasks, each) = (16, 1_000)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<tasks {
                    group.addTask { for index in 0..<each { try push.send(["\(task)".frame, "\(index)".frame]) } }
                }
                try await group.waitForAll()
            }
            var next = [Int](repeating: 0, count: tasks)
            let iterator = pull.messages.makeAsyncIterator()
            for _ in 0..<tasks * each {
                let frames = try #require(await iterator.next()).frames.map { String(decoding: $0, as: UTF8.self) }
                let task = try #require(Int(frames[0]))
                #expect(Int(frames[1]) == next[task], "each task's in its order")
                next[task] += 1
            }
        }
    }

    /// One message at a time, each waited for: a wake-up that is missed would be the last.
    @Test func noWakeUpIsMissed() async throws {
        try await withSockets { thread in
            let router = try await thread.open(SocketConfiguration(.router, bind: ["tcp://127.0.0.1:*"]))
            let dealer = try await thread.open(SocketConfiguration(.dealer, connect: router.boundEndpoints))
            let (questions, answers) = (router.messages.makeAsyncIterator(), dealer.messages.makeAsyncIterator())
            for index in 0..<3_000 {
                try dealer.send(["\(index)".frame])
                let question = try #require(await questions.next())
                try router.send(question.frames)
                #expect(await answers.next()?.frames == ["\(index)".frame])
            }
        }
    }

    /// Termination waits for open sockets and for what lingers in them, but for a linger of 0 at the close.
    @Test func lingeringMessagesDoNotHoldUpTheEndOfTheContext() throws {
        let start = ContinuousClock.now
        do {
            let context = try Context()
            let push = try Socket(context, .push)
            var options = SocketOptions()
            options.linger = .seconds(3_600)
            try push.apply(options)
            try push.connect("tcp://127.0.0.1:1")
            for _ in 0..<900 { try push.send([[UInt8](repeating: 1, count: 1_000)]) }
        }
        #expect(ContinuousClock.now - start < .seconds(5))
    }
}
