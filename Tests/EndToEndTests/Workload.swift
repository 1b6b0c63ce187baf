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

    private static let tableScript = """
        import csv

        totals = {}
        kept = []
        with open("data.csv", newline="") as table:
            for row in csv.DictReader(table):
                amount = int(row["amount"])
                totals[row["city"]] = totals.get(row["city"], 0) + amount
                if amount % 9973 == 0:
                    kept.append(row["number"] + " " + row["note"])
        with open("out.txt", "w") as out:
            for line in kept:
                out.write(line + "\\n")
        for city in sorted(totals):
            print(city, totals[city])

        """

    /// - Parameter lines: about 0.2 ms each.
    init(lines: Int, logs: URL) async throws {
        try await self.init(script: Self.script, logs: logs) { place in
            let data = (0..<lines).map { "line \($0)\n" }.joined()
            try data.write(to: place.appending(path: "data.txt"), atomically: true, encoding: .utf8)
        }
    }

    /// A table of about 70 bytes a row, some with line breaks within a field.
    static func largeTable(rows: Int, logs: URL) async throws -> Workload {
        try await Workload(script: tableScript, logs: logs) { place in
            let file = place.appending(path: "data.csv")
            try Data("number,city,amount,note\r\n".utf8).write(to: file)
            let handle = try FileHandle(forWritingTo: file)
            try handle.seekToEnd()
            let cities = ["Aachen", "Bergen", "Córdoba", "Dijon", "Évora"]
            let padding = String(repeating: "n", count: 40)
            for start in stride(from: 0, to: rows, by: 10_000) {
                var text = ""
                for row in start..<min(start + 10_000, rows) {
                    let note = row % 1_000 == 0 ? "\"\(padding),\nof two lines\"" : padding
                    text += "\(row),\(cities[row % cities.count]),\(row &* 7_919 % 1_000_003),\(note)\r\n"
                }
                try handle.write(contentsOf: Data(text.utf8))
            }
            try handle.close()
        }
    }

    private init(script: String, logs: URL, data: (URL) throws -> Void) async throws {
        let plain = Cluster.temporaryFolder("expected")
        folder = Cluster.temporaryFolder("workload")
        for place in [plain, folder] {
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            try script.write(to: place.appending(path: "s.py"), atomically: true, encoding: .utf8)
            try data(place)
        }
        let result = try await ChildProcess(
            "/usr/bin/env", ["python3", "s.py"], folder: plain, environment: ["PYTHONHASHSEED": "0"], logs: logs
        ).finish()
        expected = try Observation(result, folder: plain)
        try FileManager.default.removeItem(at: plain)
    }
}
