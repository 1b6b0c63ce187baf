/// An immutable file named by the SHA-256 of its bytes.
public struct BlobReference: Hashable, Sendable, Codable {
    /// 64 lower-case hexadecimal digits.
    public let sha256: String
    /// Bytes.
    public let size: Int64

    public init(sha256: String, size: Int64) {
        self.sha256 = sha256
        self.size = size
    }

    /// The blob of no bytes; it also stands for the content of a folder.
    public static let empty = BlobReference(
        sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", size: 0)

    /// - Throws: `BlobError.unexpected` when its name is not `expected`; nil: it may have any.
    public func require(name expected: String?) throws(BlobError) {
        if let expected, expected != sha256 { throw .unexpected(expected) }
    }

    /// Whether `text` could be the name of a blob; guards every path and query made from outside input.
    public static func isValidName(_ text: String) -> Bool {
        text.utf8.count == 64
            && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (97...102).contains($0) }
    }
}

/// A file as the script sees it: an absolute path in its world, and what it holds. A folder is an entry with the
/// empty blob, which is never stored, and S_IFDIR in its mode.
public struct FileEntry: Hashable, Sendable, Codable {
    public let path: String
    public let blob: BlobReference
    /// Since 1970-01-01 UTC. Kept because Python compares it (byte-code caches) and scripts read it.
    public let modifiedNanoseconds: Int64
    /// Permission bits, with S_IFDIR for a folder.
    public let mode: UInt32

    private static let directoryBits: UInt32 = 0o040000
    public var isDirectory: Bool { mode & 0o170000 == Self.directoryBits }

    public init(path: String, blob: BlobReference, modifiedNanoseconds: Int64, mode: UInt32) {
        self.path = path
        self.blob = blob
        self.modifiedNanoseconds = modifiedNanoseconds
        self.mode = mode
    }
}
