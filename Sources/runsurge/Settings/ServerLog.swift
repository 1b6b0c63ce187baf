import Foundation
import Logging

/// The log of the long-running roles: lines on standard error, from the level that RUNSURGE_LOG_LEVEL names.
enum ServerLog {
    static func logger() -> Logger {
        var logger = Logger(label: "runsurge") { StreamLogHandler.standardError(label: $0) }
        let level = ProcessInfo.processInfo.environment["RUNSURGE_LOG_LEVEL"] ?? "notice"
        logger.logLevel = Logger.Level(rawValue: level) ?? .notice
        return logger
    }
}
