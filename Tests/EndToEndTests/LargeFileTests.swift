import Foundation
import Testing

/// Files go through the master without staying in its memory.
@Suite struct LargeFileTests {
    @Test func aLargeUploadAndDownloadLeaveTheMasterSmall() async throws {
        let cluster = try await Cluster(workers: 1, arguments: ["--stop-with-parent"])
        let place = Cluster.temporaryFolder("large")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        try "import shutil\nshutil.copyfile('large.bin', 'copy.bin')\n".write(
            to: place.appending(path: "s.py"), atomically: true, encoding: .utf8)
        try Self.writeNoise(megabytes: 400, to: place.appending(path: "large.bin"))

        let result = try await cluster.runsurge(["run", "s.py"], in: place).finish()

        #expect(result.status == 0, "\(String(decoding: result.error, as: UTF8.self))")
        let isSame = FileManager.default.contentsEqual(
            atPath: place.appending(path: "large.bin").path, andPath: place.appending(path: "copy.bin").path)
        #expect(isSame)
        #expect(try Self.peakMegabytes(of: cluster.process.identifier) < 150)
        try FileManager.default.removeItem(at: place)
        try await cluster.stop()
    }

    private static func writeNoise(megabytes: Int, to file: URL) throws {
        try Data().write(to: file)
        let handle = try FileHandle(forWritingTo: file)
        var state: UInt64 = 20
        var block = [UInt64](repeating: 0, count: 1 << 17)
        for _ in 0..<megabytes {
            for index in block.indices {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                block[index] = state
            }
            try block.withUnsafeBytes { try handle.write(contentsOf: Data($0)) }
        }
        try handle.close()
    }

    /// The largest resident size that a process has had so far, in MiB.
    private static func peakMegabytes(of process: Int32) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
        return try #require(Int(line.split(separator: " ")[1])) / 1024
    }
}
