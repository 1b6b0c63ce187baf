import Foundation
import RunSurgeAnalysis

/// What submitted code is looked through with.
struct ScanSettings: Sendable {
    var rules = ScanRules.standard
    /// Whether semgrep looks at it too, where it is installed.
    var usesSemgrep = true

    /// - Throws: `CommandError` naming what is wrong in the file of rules: code is not taken without them.
    static func read(_ settings: Settings) throws -> ScanSettings {
        var scan = ScanSettings()
        scan.usesSemgrep = try settings.choice("runsurge.scan.semgrep", of: ["auto", "off"], default: "auto") == "auto"
        let key = "runsurge.scan.rules"
        guard let path = settings.text(key).map({ Path.absolute($0) }) else { return scan }
        do {
            scan.rules = try ScanRules(yaml: try String(contentsOfFile: path, encoding: .utf8))
        } catch let error as ScanError {
            throw CommandError.usage("\(Settings.variable(key)) is \(path): \(error)")
        } catch {
            throw CommandError.usage("\(Settings.variable(key)) is \(path): \(error.localizedDescription)")
        }
        return scan
    }
}
