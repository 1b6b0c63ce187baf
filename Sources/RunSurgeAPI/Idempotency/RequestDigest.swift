import Crypto
import Foundation
import RunSurgeCore

/// SHA-256 of what a request says, so that a key that comes again can be told from one that is used for something else.
struct RequestDigest: Sendable {
    /// Of a request whose path says everything.
    static let ofNothing = RequestDigest()

    private var hash = SHA256()

    init() {}

    /// - Parameter body: read by the endpoint's description.
    init(of body: some Encodable) throws {
        add(try JSONBody.encode(body))
    }

    /// A field of a form.
    mutating func add(field: String, _ text: String) {
        add(Data("field".utf8))
        add(Data(field.utf8))
        add(Data(text.utf8))
    }

    /// A file of a form.
    mutating func add(field: String, fileName: String?, _ blob: BlobReference) {
        add(Data("file".utf8))
        add(Data(field.utf8))
        add(Data((fileName ?? "").utf8))
        add(Data(blob.sha256.utf8))
    }

    /// 32 bytes.
    var bytes: [UInt8] { Array(hash.finalize()) }

    /// Each with its length: what lies at its end can't pass for the beginning of the next.
    private mutating func add(_ part: Data) {
        withUnsafeBytes(of: UInt64(part.count).bigEndian) { hash.update(bufferPointer: $0) }
        hash.update(data: part)
    }
}
