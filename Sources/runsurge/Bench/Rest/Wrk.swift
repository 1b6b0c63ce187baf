import Foundation

/// What wrk has seen of one URL.
struct WrkRun: Sendable {
    let requests: Int
    let perSecond: Double
    let p99Milliseconds: Double

    /// - Parameters:
    ///   - seconds: of the run, 1 or more.
    ///   - script: in Lua; nil: plain GET.
    /// - Throws: `CommandError` also when an answer was no success.
    static func of(
        _ url: String, token: String?, connections: Int, seconds: Int, script: String? = nil
    ) async throws -> WrkRun {
        var arguments = ["-t2", "-c\(connections)", "-d\(seconds)s", "--timeout", "10s", "--latency"]
        if let token { arguments += ["-H", "Authorization: Bearer \(token)"] }
        guard let script else { return try WrkRun(await Tool.run("wrk", arguments + [url], package: "wrk")) }
        let path = "/tmp/runsurge-bench-\(UInt64.random(in: 0 ... .max)).lua"
        try script.write(toFile: path, atomically: true, encoding: .utf8)
        defer { unlink(path) }
        return try WrkRun(await Tool.run("wrk", arguments + ["-s", path, url], package: "wrk"))
    }

    private init(_ text: String) throws {
        func value(behind word: String) -> String? {
            let line = text.split(separator: "\n").first { $0.split(separator: " ").contains(Substring(word)) }
            let words = line?.split(separator: " ") ?? []
            return words.firstIndex { $0 == word }.flatMap { $0 + 1 < words.count ? String(words[$0 + 1]) : nil }
        }
        for bad in ["Non-2xx", "Socket errors"] where text.contains(bad) {
            throw CommandError.failure("not every request was answered well: \(text)")
        }
        let count = text.split(separator: "\n").first { $0.contains("requests in") }?.split(separator: " ").first
        guard let requests = count.flatMap({ Int($0) }), let rate = value(behind: "Requests/sec:").flatMap(Double.init),
            let p99 = value(behind: "99%").flatMap(Self.milliseconds)
        else { throw CommandError.failure("wrk has printed what nobody expects: \(text)") }
        self.requests = requests
        perSecond = rate
        p99Milliseconds = p99
    }

    private static func milliseconds(_ text: String) -> Double? {
        for (unit, factor) in [("us", 1e-3), ("ms", 1), ("s", 1e3)] where text.hasSuffix(unit) {
            return Double(text.dropLast(unit.count)).map { $0 * factor }
        }
        return nil
    }
}
