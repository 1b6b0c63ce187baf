import Foundation

/// The secrets of a cluster that keeps itself, made once and kept in its folder.
struct ClusterSecrets: Codable {
    /// Signs access tokens.
    let signing: String
    /// Of the operator, who owns the cluster's own user.
    let operatorToken: String

    static func loadOrMake(at path: String) throws -> ClusterSecrets {
        if let data = FileManager.default.contents(atPath: path) {
            do {
                return try JSONDecoder().decode(ClusterSecrets.self, from: data)
            } catch {
                throw CommandError.failure("\(path) is damaged; remove it, and every session ends")
            }
        }
        let made = ClusterSecrets(signing: random(), operatorToken: random())
        try PrivateFile.write(try JSONEncoder().encode(made), to: path)
        return made
    }

    /// 256 bits from the system's generator, in hexadecimal.
    private static func random() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<4).map { _ in
            let digits = String(generator.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
