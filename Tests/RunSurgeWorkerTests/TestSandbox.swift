import Glibc
import Testing

@testable import RunSurgeWorker

/// The sandbox of the machine that tests run on.
enum TestSandbox {
    static let folder: String = {
        let path = "/tmp/runsurge-worker-tests-\(getpid())"
        atexit { FileTree.remove("/tmp/runsurge-worker-tests-\(getpid())") }
        return path
    }()

    static let shared = Task {
        try await BlockingWork.run {
            try FileTree.makeFolder(folder)
            return try Sandbox.prepare(isOn: true, interpreter: try Interpreter.resolve("python3"), folder: folder)
        }
    }
}

/// A folder that goes with the test.
final class TestFolder: Sendable {
    let path: String

    init() throws {
        path = "/tmp/runsurge-test-\(UInt64.random(in: 0 ... .max))"
        try FileTree.makeFolder(path)
    }

    deinit { FileTree.remove(path) }

    /// Called at the end of a test that works with the path alone.
    func keep() {}
}

/// Waits until `condition` holds; records an issue when it does not in time.
func eventually(
    _ what: Comment, within limit: Duration = .seconds(30), _ condition: () async throws -> Bool
) async rethrows {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else {
            Issue.record(what)
            return
        }
        try? await Task.sleep(for: .milliseconds(5))
    }
}
