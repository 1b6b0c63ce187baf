import Foundation
import RunSurgeCore

/// Passes a job's output on to this process's own streams while it runs, and shows how far it is.
struct JobFollower {
    let gateway: any JobGateway
    let job: JobID

    /// Returns what the job left behind, after all of its output was written.
    func follow() async throws -> JobResult {
        let progress = ProgressLine()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for stream in LogStream.allCases {
                group.addTask {
                    for try await piece in gateway.output(of: job, stream: stream) {
                        progress.clear()
                        try stream.write(piece)
                    }
                }
            }
            if progress.isShown {
                group.addTask { try await show(on: progress) }
            }
            try await group.waitForAll()
        }
        return try await gateway.result(of: job)
    }

    private func show(on progress: ProgressLine) async throws {
        while true {
            let now = try await gateway.progress(of: job)
            if now.state.isFinal { break }
            let chunks = now.chunks > 0 ? ", \(now.completedChunks) of \(now.chunks) chunks" : ""
            progress.show("runsurge: job \(job) \(now.state.rawValue)\(chunks)")
            try await Task.sleep(for: .milliseconds(250))
        }
        progress.clear()
    }
}
