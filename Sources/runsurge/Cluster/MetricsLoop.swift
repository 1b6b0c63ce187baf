import CoreMetrics
import Foundation
import Logging
import RunSurgeCore
import RunSurgeMaster
import RunSurgeProtocol
import RunSurgeStore
import ServiceLifecycle

/// Looks once a second at what nobody counts: the process itself, its database connections, its blobs.
struct MetricsLoop: Service {
    let store: Store
    let blobs: FileBlobStore
    let cluster: ClusterBoard
    let logger: Logger

    private static let interval = Duration.seconds(1)
    /// Between two counts of the blobs, each of which looks at all of them: at least this, and this many times as long
    /// as a count takes.
    private static let blobInterval = Duration.seconds(10)
    private static let blobPatience = 50

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            var process = ProcessGauges()
            let gauges = ClusterGauges()
            var nextCount = ContinuousClock.now
            while true {
                process.sample()
                gauges.show(cluster.standing.view)
                gauges.show(await store.poolStatistics)
                if nextCount <= .now {
                    let start = ContinuousClock.now
                    await count(gauges)
                    nextCount = .now + max(Self.blobInterval, (.now - start) * Self.blobPatience)
                }
                try await Task.sleep(for: Self.interval)
            }
        }
    }

    private func count(_ gauges: ClusterGauges) async {
        do {
            gauges.show(try await blobs.usage())
        } catch {
            logger.debug("the blobs can't be counted", metadata: ["error": "\(error)"])
        }
    }
}

/// The cluster as this process sees it.
private struct ClusterGauges {
    private let term = Meter(label: MetricName.term.rawValue)
    private let leader = Meter(label: MetricName.leader.rawValue)
    private let idle = Meter(label: MetricName.poolConnections.rawValue, dimensions: [("state", "idle")])
    private let busy = Meter(label: MetricName.poolConnections.rawValue, dimensions: [("state", "busy")])
    private let waiting = Meter(label: MetricName.poolWaiting.rawValue)
    private let blobs = Meter(label: MetricName.blobs.rawValue)
    private let blobBytes = Meter(label: MetricName.blobBytes.rawValue)

    func show(_ master: MasterRoleView) {
        if let known = master.term { term.set(known) }
        leader.set(master.role == .leader ? 1 : 0)
    }

    func show(_ pool: (connections: Int, idle: Int, waiting: Int)) {
        idle.set(pool.idle)
        busy.set(pool.connections - pool.idle)
        waiting.set(pool.waiting)
    }

    func show(_ usage: BlobCollection) {
        blobs.set(usage.count)
        blobBytes.set(usage.bytes)
    }
}

/// This process as the system sees it, under the names that every exporter uses.
private struct ProcessGauges {
    private let resident = Meter(label: MetricName.residentBytes.rawValue)
    private let descriptors = Meter(label: MetricName.openDescriptors.rawValue)
    private let cpu = FloatingPointCounter(label: MetricName.cpuSeconds.rawValue)
    private var cpuSeen = 0.0

    init() {
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            Meter(label: MetricName.maximumDescriptors.rawValue).set(Double(limit.rlim_cur))
        }
        Meter(label: MetricName.startTime.rawValue).set(Date().timeIntervalSince1970)
        let dimensions = [
            ("protocol", "\(FrameCodec.versions.upperBound)"),
            ("configuration", Self.isOptimised ? "release" : "debug"),
        ]
        Meter(label: MetricName.buildInformation.rawValue, dimensions: dimensions).set(1)
    }

    mutating func sample() {
        let words = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ") ?? []
        if words.count > 1, let pages = Int64(words[1]) { resident.set(pages * Int64(getpagesize())) }
        if let open = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            descriptors.set(open.count)
        }
        var usage = rusage()
        guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return }
        let seconds = Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
        let now = seconds + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
        cpu.increment(by: now - cpuSeen)
        cpuSeen = now
    }

    private static var isOptimised: Bool {
        #if DEBUG
            false
        #else
            true
        #endif
    }
}
