import Foundation
import RunSurgeCore
import ZeroMQ

/// The key that this account watches a master with.
struct MonitorKey {
    /// nil: the account's own, kept beside its sessions.
    let path: String?
    let connection: ConnectionOptions

    /// nil at an endpoint of this machine, which asks for none.
    /// - Parameter serverKey: of the master, hexadecimal; nil: as it was when the key was made.
    /// - Throws: `CommandError`, `ClientError` when there is no key and none can be had.
    func role(at endpoint: String, serverKey: String?) async throws -> CurveRole? {
        if endpoint.hasPrefix("ipc://") { return nil }
        let told = serverKey.flatMap(HexCoding.decode).flatMap(CurvePublicKey.init(bytes:))
        let path = try path.map { Path.absolute($0) } ?? Self.ownPath(try connection.requiredURL())
        let file = try await file(at: path, of: told)
        guard let known = told ?? file.serverKeys.first.flatMap(CurvePublicKey.init(z85:)) else {
            throw CommandError.failure("\(path) names no master; remove it and enrol again")
        }
        return .client(keys: try file.pair(from: path), serverKey: known)
    }

    /// Each master has a key of its own.
    static func ownPath(_ url: String) -> String {
        let name = url.map { $0.isLetter || $0.isNumber || $0 == "." || $0 == "-" ? $0 : "_" }
        return "\(Credentials.path.parentPath)/monitor-\(String(name)).json"
    }

    private func file(at path: String, of master: CurvePublicKey?) async throws -> LinkKeyFile {
        if let file = try LinkKeyFile.load(path) {
            // Another master may be at the URL by now: it does not know a key that was made for the one before it.
            if self.path != nil || master.map({ file.serverKeys.contains($0.z85) }) ?? true { return file }
        }
        if self.path != nil { throw CommandError.refused("can't read \(path)") }
        let enroller = Enroller(url: try connection.requiredURL(), tokens: [], user: connection.client)
        let file = try await enroller.enrol(.monitor, name: "monitor on \(ProcessInfo.processInfo.hostName)")
        try file.save(to: path)
        return file
    }
}
