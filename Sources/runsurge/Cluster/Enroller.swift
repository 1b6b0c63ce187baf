import Foundation
import RunSurgeClient
import RunSurgeCore
import ZeroMQ

/// Gets a key for this machine or a monitoring tool: made here, its public half registered at a master.
struct Enroller {
    /// Of the masters' REST facades, with commas between; the one that leads enrols.
    let url: String
    /// Tried one after the other, for others may have spent them; empty: the user, who is logged in, makes one.
    let tokens: [String]
    let user: () async throws -> RunSurgeClient

    /// - Parameter text: tokens separated by spaces, commas or lines.
    static func tokens(_ text: String?) -> [String] {
        (text ?? "").split { $0.isWhitespace || $0 == "," }.map(String.init)
    }

    /// How long a master that leads is looked for.
    private static let patience = Duration.seconds(30)

    /// - Throws: `ClientError`; `CommandError` when the user is not logged in.
    func enrol(_ kind: KeyKind, name: String) async throws -> LinkKeyFile {
        let start = ContinuousClock.now
        let urls = url.split(separator: ",").map(String.init)
        while true {
            var problem: ClientError?
            for url in urls {
                do {
                    return try await enrol(kind, name: name, at: url)
                } catch let error as ClientError where error.code == "not_leading" || error.kind == .unreachable {
                    problem = error
                }
            }
            if let problem, ContinuousClock.now - start > Self.patience { throw problem }
            try await Task.sleep(for: .milliseconds(500))
        }
    }

    private func enrol(_ kind: KeyKind, name: String, at url: String) async throws -> LinkKeyFile {
        let pair = try CurveKeyPair.generate()
        let candidates = tokens.isEmpty ? [try await user().makeEnrolmentToken(kind: kind, lifetime: 60).token] : tokens
        let client = RunSurgeClient(url: url)
        for (index, token) in candidates.enumerated() {
            do {
                let enrolled = try await client.enrol(token: token, publicKey: pair.publicKey.bytes, name: name)
                guard enrolled.key.kind == kind else {
                    throw CommandError.refused("the token was made for a \(enrolled.key.kind.rawValue)")
                }
                return try LinkKeyFile(enrolled, pair: pair, master: url)
            } catch let error as ClientError where error.code == "token_invalid" && index + 1 < candidates.count {
                continue
            }
        }
        throw CommandError.refused("none of the tokens is good any more")
    }
}
