import Foundation
import Synchronization
import Testing

@testable import RunSurgeWorker

struct ChildStartTests {
    @Test func aChildIsKilledWhenTheThreadThatStartedItEnds() async throws {
        let started = Mutex<Result<pid_t, SystemError>?>(nil)
        let status = try await BlockingWork.run {
            let ended = BlockingSignal()
            try BackgroundThread.start(name: "short") {
                let child = Result { () throws(SystemError) in
                    try ChildStart(path: "/bin/sleep", arguments: ["600"], environment: [], descriptors: []).start()
                }
                started.withLock { $0 = child }
                ended.signal()
            }
            ended.wait()
            let pid = try #require(started.withLock { $0 }).get()
            return ChildStart.wait(pid)
        }
        #expect(status == 128 + SIGKILL)
    }
}
