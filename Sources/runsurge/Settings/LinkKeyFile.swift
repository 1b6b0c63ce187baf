import Foundation
import RunSurgeCore
import ZeroMQ

/// The key of this machine or monitoring tool at a master, with what is needed to connect; readable by this account
/// alone. Keys are Z85, as every ZeroMQ library takes them.
struct LinkKeyFile: Codable {
    let kind: KeyKind
    let name: String
    let keyNumber: Int64
    /// nil for a monitoring tool.
    let nodeNumber: Int64?
    let publicKey: String
    let secretKey: String
    /// Of the masters: the one in use, the next, and those of standbys.
    var serverKeys: [String]
    /// The REST facade that it was enrolled at.
    let master: String
    let endpoints: LinkEndpoints

    private enum CodingKeys: String, CodingKey {
        case kind, name, master, endpoints
        case keyNumber = "key_id"
        case nodeNumber = "node_id"
        case publicKey = "public_key"
        case secretKey = "secret_key"
        case serverKeys = "server_keys"
    }

    init(_ enrolled: EnrolmentView, pair: CurveKeyPair, master: String) throws {
        kind = enrolled.key.kind
        name = enrolled.key.name
        keyNumber = enrolled.key.keyID.rawValue
        nodeNumber = enrolled.key.nodeID?.rawValue
        publicKey = pair.publicKey.z85
        secretKey = pair.secretKey.z85
        serverKeys = enrolled.serverKeys.compactMap { HexCoding.decode($0).flatMap(CurvePublicKey.init(bytes:))?.z85 }
        self.master = master
        endpoints = Self.reached(enrolled.endpoints, by: master)
        if serverKeys.isEmpty { throw CommandError.failure("\(master) did not say what its key is") }
    }

    /// nil when there is none.
    static func load(_ path: String) throws -> LinkKeyFile? {
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        do {
            return try JSONDecoder().decode(LinkKeyFile.self, from: data)
        } catch {
            throw CommandError.failure("\(path) is damaged; remove it and enrol again")
        }
    }

    func save(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try PrivateFile.write(try encoder.encode(self), to: path)
    }

    func pair(from path: String) throws -> CurveKeyPair {
        guard let secret = CurveSecretKey(z85: secretKey) else {
            throw CommandError.failure("\(path) holds no secret key; remove it and enrol again")
        }
        return try CurveKeyPair(secretKey: secret)
    }

    /// A master that listens on every address names none: it is then the one that its facade was reached by.
    private static func reached(_ endpoints: LinkEndpoints, by url: String) -> LinkEndpoints {
        guard let host = URLComponents(string: url)?.host, !host.isEmpty else { return endpoints }
        let named = host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
        func resolved(_ endpoint: String) -> String {
            endpoint.hasPrefix("tcp://*:") ? "tcp://\(named):" + endpoint.dropFirst("tcp://*:".count) : endpoint
        }
        return LinkEndpoints(
            work: resolved(endpoints.work), results: resolved(endpoints.results),
            heartbeats: resolved(endpoints.heartbeats), events: resolved(endpoints.events))
    }
}
