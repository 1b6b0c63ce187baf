import Foundation
import RunSurgeMaster
import ZeroMQ

/// The CURVE keys of a master, made once and kept in its folder. Workers know the current and the next public key, so
/// that a rotation takes none of them away.
struct ServerKeyFile: Codable {
    /// Secret keys, Z85.
    let current: String
    let next: String
    /// Public keys that are used no more, Z85, the newest first.
    let retired: [String]

    private static let remembered = 16

    static func loadOrMake(at path: String) throws -> ServerKeys {
        if let file = try load(path) { return try file.keys(path) }
        let keys = ServerKeys(current: try .generate(), next: try .generate())
        try save(keys, to: path)
        return keys
    }

    /// The next key becomes the current one when the master starts again, and a new one the next.
    static func rotate(at path: String) throws -> ServerKeys {
        guard let file = try load(path) else {
            throw CommandError.refused("there are no keys at \(path); a master makes them when it starts")
        }
        let former = try file.keys(path)
        let keys = ServerKeys(
            current: former.next, next: try .generate(),
            retired: Array(([former.current.publicKey] + former.retired).prefix(remembered)))
        try save(keys, to: path)
        return keys
    }

    private static func load(_ path: String) throws -> ServerKeyFile? {
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        do {
            return try JSONDecoder().decode(ServerKeyFile.self, from: data)
        } catch {
            throw damaged(path)
        }
    }

    private static func save(_ keys: ServerKeys, to path: String) throws {
        let file = ServerKeyFile(
            current: keys.current.secretKey.z85, next: keys.next.secretKey.z85, retired: keys.retired.map(\.z85))
        try PrivateFile.write(try JSONEncoder().encode(file), to: path)
    }

    private func keys(_ path: String) throws -> ServerKeys {
        guard let current = CurveSecretKey(z85: current), let next = CurveSecretKey(z85: next) else {
            throw Self.damaged(path)
        }
        return ServerKeys(
            current: try CurveKeyPair(secretKey: current), next: try CurveKeyPair(secretKey: next),
            retired: retired.compactMap(CurvePublicKey.init(z85:)))
    }

    private static func damaged(_ path: String) -> CommandError {
        .failure("\(path) is damaged; remove it, and every worker has to be enrolled again")
    }
}
