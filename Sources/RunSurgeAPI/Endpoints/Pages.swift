import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import RunSurgeCore

/// Lists in pages. Where a page ends is told by a cursor that only this server can make and that fits one list only.
struct Pages: Sendable {
    static let usualLimit: Int64 = 100
    static let limit = Parameter.integer(
        "limit", in: 1...Int64(Limits.pageItems), default: usualLimit, "Entries of one page, at most.")
    static let cursor = Parameter.optionalText(
        "cursor", in: .query, .text(32...32, pattern: "[A-Za-z0-9_-]{32}"),
        "`next_cursor` of the page before; nothing: the first page.")
    static let parameters = [limit.description, cursor.description]
    /// Of answers with a page.
    static let headers = ["Link": "The next page, with `rel=\"next\"` (RFC 8288); missing on the last."]

    private static let codeBytes = 16

    private let key: SymmetricKey

    init(secret: String) {
        key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: Data(secret.utf8)), info: Data("runsurge page cursor".utf8),
            outputByteCount: 32)
    }

    /// Answers with one page of a list that is ordered by a falling number.
    /// - Parameters:
    ///   - list: what it is a list of; a cursor of another one is refused.
    ///   - rows: at most `limit` rows whose numbers are below `before`.
    ///   - heaviest: what the rows of a page weigh together, at most, where it has several.
    ///   - view: made of the page's rows and the next cursor, which is nil on the last page.
    func response<Row: Sendable, View: Encodable>(
        to call: Call, list: String, number: (Row) -> Int64, weight: KeyPath<Row, Int>? = nil, heaviest: Int = .max,
        rows: (_ before: Int64?, _ limit: Int) async throws -> [Row], view: ([Row], String?) async throws -> View
    ) async throws -> Response {
        let limit = Int(call[Self.limit])
        let before = try call[Self.cursor].map { try position(of: $0, in: list) }
        // One more tells whether there is a next page.
        let found = try await rows(before, limit + 1)
        var room = heaviest
        let fitting = found.prefix(limit).prefix { row in
            let weight = weight.map { row[keyPath: $0] } ?? 0
            defer { room -= weight }
            return room == heaviest || room >= weight
        }
        let page = Array(fitting)
        guard found.count > page.count, let last = page.last else {
            return try JSONBody.response(try await view(page, nil))
        }
        let next = cursor(after: number(last), in: list)
        let target = "\(call.request.uri.path)?limit=\(limit)&cursor=\(next)"
        var headers: HTTPFields = [:]
        if let link = HTTPField.Name("Link") { headers[link] = "<\(target)>; rel=\"next\"" }
        return try JSONBody.response(try await view(page, next), headers: headers)
    }

    func cursor(after position: Int64, in list: String) -> String {
        let bytes = withUnsafeBytes(of: position.bigEndian) { Array($0) }
        return Data(bytes + code(for: bytes, list)).base64EncodedString().replacing("+", with: "-")
            .replacing("/", with: "_")
    }

    /// - Throws: 422 for what is no cursor of this list.
    func position(of cursor: String, in list: String) throws(APIError) -> Int64 {
        let plain = cursor.replacing("-", with: "+").replacing("_", with: "/")
        guard let bytes = Data(base64Encoded: plain), bytes.count == 8 + Self.codeBytes,
            ConstantTime.areEqual(Array(bytes.dropFirst(8)), code(for: Array(bytes.prefix(8)), list))
        else { throw .invalid("cursor", "This is no cursor of this list; begin with the first page.") }
        return bytes.prefix(8).reduce(0) { $0 << 8 | Int64($1) }
    }

    private func code(for bytes: [UInt8], _ list: String) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: Data(bytes + Array(list.utf8)), using: key).prefix(Self.codeBytes))
    }
}
