internal import RunSurgeCore
public import SwiftProtobuf

/// Reads and writes the single payload frame of an RSP/1 message.
public enum FrameCodec {
    /// The versions of RSP that this program speaks.
    public static let versions: ClosedRange<UInt32> = 1...1

    /// - Throws: `ProtocolError`; never traps, whatever the bytes.
    public static func decode<M: Message>(_ type: M.Type, from frame: [UInt8]) throws(ProtocolError) -> M {
        guard frame.count <= Limits.frameBytes else {
            throw .tooLarge(bytes: frame.count, limit: Limits.frameBytes)
        }
        do {
            return try M(serializedBytes: frame)
        } catch {
            throw .malformed(message: M.protoMessageName)
        }
    }

    /// - Throws: `ProtocolError.tooLarge`: the caller must split what it sends.
    public static func encode(_ message: some Message) throws(ProtocolError) -> [UInt8] {
        let bytes: [UInt8]
        do {
            bytes = try message.serializedBytes()
        } catch {
            throw .malformed(message: type(of: message).protoMessageName)
        }
        guard bytes.count <= Limits.frameBytes else {
            throw .tooLarge(bytes: bytes.count, limit: Limits.frameBytes)
        }
        return bytes
    }
}
