import Foundation

/// Why a command could not do what it was asked, as a sentence for the user and an exit status.
struct CommandError: Error {
    static let refusedStatus: Int32 = 1
    static let usageStatus: Int32 = 2
    /// Never confused with the status of a script.
    static let internalStatus: Int32 = 125

    let message: String
    let status: Int32

    /// The request was understood and can't be granted.
    static func refused(_ message: String) -> CommandError { CommandError(message: message, status: refusedStatus) }

    /// The command line is wrong.
    static func usage(_ message: String) -> CommandError { CommandError(message: message, status: usageStatus) }

    /// RunSurge itself failed.
    static func failure(_ message: String) -> CommandError { CommandError(message: message, status: internalStatus) }
}

/// Ends the process with the status of the script that it ran.
struct ScriptStatus: Error {
    let value: Int32
}

/// Writes a line to standard error.
func printError(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
