import Foundation
import Logging
import RunSurgeCore
import RunSurgeWorker
import ZeroMQ

/// The key that a worker starts with: the one in its folder, or a new one.
struct WorkerEnrolment {
    let settings: Settings
    let connection: ConnectionOptions
    let folder: ClusterFolder

    /// - Throws: `CommandError` with how to enrol; `ClientError` when the master refuses.
    func key(_ name: String) async throws -> LinkKeyFile {
        if let file = try LinkKeyFile.load(folder.linkKey) {
            guard file.kind == .worker else {
                throw CommandError.usage("\(folder.linkKey) is the key of a monitoring tool, which can't do work")
            }
            return file
        }
        let file = try await Enroller(url: try connection.requiredURL(), tokens: try tokens(), user: connection.client)
            .enrol(.worker, name: name)
        try file.save(to: folder.linkKey)
        return file
    }

    private func tokens() throws -> [String] {
        if let text = settings.text("runsurge.enroll.token") { return Enroller.tokens(text) }
        guard let path = settings.text("runsurge.enroll.token.file") else { return [] }
        return Enroller.tokens(String(decoding: try Path.read(Path.absolute(path)), as: UTF8.self))
    }

    /// - Parameter path: of the file, where what the masters tell of their keys is kept.
    static func keys(
        _ file: LinkKeyFile, _ settings: Settings, at path: String, _ logger: Logger
    ) throws -> WorkerKeys {
        var serverKeys = file.serverKeys.compactMap(CurvePublicKey.init(z85:))
        if let named = settings.text("runsurge.server.key") {
            guard let key = CurvePublicKey(z85: named) ?? HexCoding.decode(named).flatMap(CurvePublicKey.init(bytes:))
            else { throw CommandError.usage("--server-key is 40 characters of Z85 or 64 hexadecimal digits") }
            serverKeys.insert(key, at: 0)
        }
        guard !serverKeys.isEmpty else {
            throw CommandError.failure("\(path) names no master; remove it and enrol again")
        }
        return WorkerKeys(pair: try file.pair(from: path), serverKeys: serverKeys) { keys in
            var changed = file
            changed.serverKeys = keys.map(\.z85)
            do {
                try changed.save(to: path)
            } catch {
                logger.warning("the masters' new keys are not kept", metadata: ["error": "\(error)"])
            }
        }
    }
}
