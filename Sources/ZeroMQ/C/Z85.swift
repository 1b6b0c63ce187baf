internal import CZeroMQ

/// The text form of keys: 5 printable characters for 4 bytes (ZeroMQ RFC 32).
public enum Z85 {
    /// Nil unless the number of bytes is a multiple of 4.
    public static func encode(_ bytes: [UInt8]) -> String? {
        guard bytes.count.isMultiple(of: 4) else { return nil }
        let count = bytes.count / 4 * 5
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: count + 1) { text in
            guard let start = text.baseAddress, zmq_z85_encode(start, bytes, bytes.count) != nil else { return nil }
            return String(cString: start)
        }
    }

    /// Nil unless the text is characters of Z85, a multiple of 5 of them.
    public static func decode(_ text: String) -> [UInt8]? {
        let count = text.utf8.count
        guard count.isMultiple(of: 5), !text.utf8.contains(0) else { return nil }
        // libzmq reads an empty text as an error.
        guard count > 0 else { return [] }
        var isValid = false
        let bytes = [UInt8](unsafeUninitializedCapacity: count / 5 * 4) { buffer, filled in
            isValid = zmq_z85_decode(buffer.baseAddress, text) != nil
            filled = isValid ? count / 5 * 4 : 0
        }
        return isValid ? bytes : nil
    }
}
