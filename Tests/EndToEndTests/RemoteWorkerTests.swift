import Foundation
import Testing

/// Master, workers and client on hosts of their own: nothing is shared by path, everything goes through the network.
@Suite(.serialized) struct RemoteWorkerTests {
    private enum Host { static let (master, fast, slow, client) = (0, 1, 2, 3) }

    @Test func workersOnOtherHostsComputeALargeFileAcrossABrokenLink() async throws {
        let logs = Cluster.temporaryFolder("network-logs")
        try await TestNetwork.with(hosts: 4, logs: logs) { network in
            let address = MasterGroup.Address(
                host: network.address(of: Host.master), port: 8000, workPort: 50_051)
            let group = try await MasterGroup([address], clientPrefix: network.prefix(Host.client))
            var processes: [ChildProcess] = []
            do {
                try await compute(group, network, &processes)
            } catch {
                for process in processes { process.kill() }
                await group.server.stop()
                throw error
            }
            try await group.stop(processes)
        }
        try FileManager.default.removeItem(at: logs)
    }

    private func compute(
        _ group: MasterGroup, _ network: TestNetwork, _ processes: inout [ChildProcess]
    ) async throws {
        processes.append(try await group.startMaster(0, prefix: network.prefix(Host.master)))
        try await group.register()
        try await network.slowDown(Host.slow)
        var places: [URL] = []
        for (host, name) in [(Host.fast, "fast"), (Host.slow, "slow")] {
            let place = Cluster.temporaryFolder("remote-\(name)")
            places.append(place)
            processes.append(
                try await group.attachWorker(
                    name: name, place: place, prefix: network.prefix(host, hiding: group.folder)))
        }
        try await eventually("both workers to be attached") {
            try await group.listedNodes().count { $0.is_alive } == 2
        }
        let workload = try await Workload.largeTable(rows: 1_700_000, logs: group.logs)
        let job = try await group.submit(workload, chunkRecords: 20_000)
        // The input goes to both hosts first, to one of them slowly.
        try await group.chunks(of: job, reach: 5, within: .seconds(300))

        try await network.setLink(of: Host.slow, up: false)
        let before = try await group.facts(of: job).completedChunks
        try await group.chunks(of: job, reach: before + 5, within: .seconds(120))
        try await network.setLink(of: Host.slow, up: true)

        let report = try await group.expectIdentical(job, workload, within: .seconds(400))
        #expect(report.chunks > 10)
        for place in places {
            let cache = place.appending(path: "agent/cache").path
            let largest = try FileManager.default.contentsOfDirectory(atPath: cache).map {
                try FileManager.default.attributesOfItem(atPath: cache + "/" + $0)[.size] as? Int ?? 0
            }.max()
            #expect(largest ?? 0 > 100_000_000, "the input came through the network")
            try FileManager.default.removeItem(at: place)
        }
    }
}
