import ArgumentParser
import Foundation

/// The other side of the benchmarks: fake workers, in a process of their own so that their cost is not the master's.
struct BenchFleetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fleet", abstract: "Fake workers for the other benchmarks.", shouldDisplay: false)

    @Option var connect: String
    @Option var workers: Int
    @Option var slots: UInt32
    @Option var prefetch: Int

    func run() async throws {
        let settings = FakeWorker.Settings(
            endpoint: connect, slots: slots,
            prefetch: prefetch)
        let count = workers
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let thread = Thread {
                continuation.resume(
                    with: Result { try FleetLoop(workers: count).run(workers: count, settings) })
            }
            thread.stackSize = 8 << 20
            thread.start()
        }
    }
}
