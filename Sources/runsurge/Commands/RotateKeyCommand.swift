import ArgumentParser
import Foundation

struct RotateKeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate-key",
        abstract: "Replaces a master's key by the next one, which its workers know already.",
        discussion: """
            Takes effect when the master starts again. Workers that were attached since the last rotation follow by \
            themselves; one that was away for two rotations has to be enrolled again.
            """)

    @Option(help: "The folder of the master or of `runsurge up` (default: that of `up`).") var data: String?
    @Option(help: "The file of the keys, when it is not in the folder.") var keys: String?

    func run() throws {
        let folder = Path.absolute(data ?? ClusterFolder.base + "/up")
        let path = keys.map { Path.absolute($0) } ?? ClusterFolder.serverKeys(in: folder)
        let rotated = try ServerKeyFile.rotate(at: path)
        print("From its next start the master's key is \(rotated.current.publicKey)")
    }
}
