internal import Foundation
public import RunSurgeCore

extension BlobReference {
    public var wire: WireBlobReference {
        var wire = WireBlobReference()
        wire.sha256 = Data(HexCoding.decode(sha256) ?? [])
        wire.size = size
        return wire
    }

    public init(wire: WireBlobReference) throws(ProtocolError) {
        guard wire.sha256.count == 32 else { throw .invalidField(message: "BlobReference", field: "sha256") }
        guard wire.size >= 0 else { throw .invalidField(message: "BlobReference", field: "size") }
        self.init(sha256: HexCoding.encode(wire.sha256), size: wire.size)
    }
}

extension FileEntry {
    /// Permissions, and the bit that tells a folder.
    private static let meaningfulBits: UInt32 = 0o047777

    public var wire: WireFileEntry {
        var wire = WireFileEntry()
        wire.path = path
        wire.blob = blob.wire
        wire.modifiedNanoseconds = modifiedNanoseconds
        wire.mode = mode
        return wire
    }

    public init(wire: WireFileEntry) throws(ProtocolError) {
        guard wire.path.hasPrefix("/"), !wire.path.utf8.contains(0) else {
            throw .invalidField(message: "FileEntry", field: "path")
        }
        self.init(
            path: wire.path, blob: try BlobReference(wire: wire.blob),
            modifiedNanoseconds: wire.modifiedNanoseconds, mode: wire.mode & Self.meaningfulBits)
    }
}

extension Payload {
    public var wire: WirePayload {
        var wire = WirePayload()
        switch self {
        case .inline(let bytes): wire.inline = Data(bytes)
        case .blob(let blob): wire.blob = blob.wire
        }
        return wire
    }

    /// An absent payload is an empty one.
    public init(wire: WirePayload) throws(ProtocolError) {
        switch wire.place {
        case .inline(let bytes): self = .inline([UInt8](bytes))
        case .blob(let blob): self = .blob(try BlobReference(wire: blob))
        case nil: self = .inline([])
        }
    }
}
