import ArgumentParser
import Foundation
import RunSurgeClient

/// The one executable: picks the command, and turns whatever went wrong into a sentence and an exit status.
@main
struct RunSurge {
    static func main() async {
        do {
            var command = try RootCommand.parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            exit(0)
        } catch {
            exit(report(error))
        }
    }

    /// Prints what the user must know of `error` and gives the status to exit with.
    private static func report(_ error: any Error) -> Int32 {
        switch error {
        case let status as ScriptStatus: return status.value
        case let failure as CommandError:
            printError("runsurge: \(failure.message)")
            return failure.status
        case let failure as ClientError:
            printError("runsurge: \(failure)")
            return failure.status == nil ? CommandError.internalStatus : CommandError.refusedStatus
        default: break
        }
        let code = RootCommand.exitCode(for: error)
        if code == .success {
            print(RootCommand.fullMessage(for: error))
            return 0
        }
        if code == .validationFailure {
            printError(RootCommand.fullMessage(for: error))
            return CommandError.usageStatus
        }
        printError("runsurge: \(error)")
        return CommandError.internalStatus
    }
}

struct RootCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runsurge",
        abstract: "Runs ordinary Python scripts on many processes and machines, byte for byte as python3 would.",
        subcommands: [
            RunCommand.self, ExplainCommand.self, UpCommand.self, MasterCommand.self, WorkerCommand.self,
            EnrollCommand.self,
            RotateKeyCommand.self,
            SubmitCommand.self, JobsCommand.self, JobCommand.self, LogsCommand.self, ResultCommand.self,
            CancelCommand.self, RegisterCommand.self, LoginCommand.self, LogoutCommand.self, WhoamiCommand.self,
            RoleCommand.self, NodesCommand.self, MonitorCommand.self, BenchCommand.self,
        ])
}
