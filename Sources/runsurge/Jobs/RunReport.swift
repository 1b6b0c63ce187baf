import Foundation

/// The run report as a file.
enum RunReport {
    /// - Parameter wall: the time that the user waited; nil: as the master measured it.
    static func write(_ json: [UInt8], wall: Duration?, to path: String) throws {
        guard var report = try JSONSerialization.jsonObject(with: Data(json)) as? [String: Any] else {
            throw CommandError.failure("the run report is not a JSON object")
        }
        if let wall { report["wall_seconds"] = (wall / .milliseconds(1)).rounded() / 1000 }
        let data = try JSONSerialization.data(
            withJSONObject: report, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        do {
            try data.write(to: URL(filePath: path))
        } catch {
            throw CommandError.failure("can't write the report to \(path): \(error.localizedDescription)")
        }
    }
}
