import Foundation

/// A script of some seconds whose loop splits, in a folder of its own, and what python3 makes of it.
struct Workload {
    static let script = """
        import hashlib

        total = 0
        rows = []
        with open("data.txt") as lines:
            for line in lines:
                digest = line.encode()
                for _ in range(400):
                    digest = hashlib.sha256(digest).digest()
                total += digest[0]
                rows.append(digest.hex())
        with open("out.txt", "w") as out:
            for row in rows:
                out.write(row + "\\n")
        print(total, len(rows))

        """

    let folder: URL
    let expected: Observation

    /// - Parameter lines: about 0.2 ms each.
    init(lines: Int, logs: URL) async throws {
        let plain = Cluster.temporaryFolder("expected")
        folder = Cluster.temporaryFolder("workload")
        for place in [plain, folder] {
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            try Self.script.write(to: place.appending(path: "s.py"), atomically: true, encoding: .utf8)
            let data = (0..<lines).map { "line \($0)\n" }.joined()
            try data.write(to: place.appending(path: "data.txt"), atomically: true, encoding: .utf8)
        }
        let result = try await ChildProcess(
            "/usr/bin/env", ["python3", "s.py"], folder: plain, environment: ["PYTHONHASHSEED": "0"], logs: logs
        ).finish()
        expected = try Observation(result, folder: plain)
        try FileManager.default.removeItem(at: plain)
    }
}
