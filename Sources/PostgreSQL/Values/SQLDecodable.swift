/// A Swift type that reads the binary form of some PostgreSQL types. Nil from `init` means: this type or these bytes
/// do not fit; the row turns it into an error that names the column.
public protocol SQLDecodable: Sendable {
    init?(sqlBytes: ArraySlice<UInt8>, type: SQLType)
}

extension FixedWidthInteger {
    /// Reads exactly this width, in network order.
    fileprivate init?(networkOrder bytes: ArraySlice<UInt8>) {
        guard bytes.count == MemoryLayout<Self>.size else { return nil }
        var value: Self = 0
        for byte in bytes { value = value << 8 | Self(truncatingIfNeeded: byte) }
        self = value
    }
}

extension Bool: SQLDecodable {
    public init?(sqlBytes: ArraySlice<UInt8>, type: SQLType) {
        guard type == .bool, sqlBytes.count == 1, let byte = sqlBytes.first else { return nil }
        self = byte != 0
    }
}

extension Int64: SQLDecodable {
    /// int2, int4, int8, oid, and a numeric without decimals that fits (`sum` of int8 is numeric).
    public init?(sqlBytes: ArraySlice<UInt8>, type: SQLType) {
        switch type {
        case .int8: self.init(networkOrder: sqlBytes)
        case .int4:
            guard let value = Int32(networkOrder: sqlBytes) else { return nil }
            self.init(value)
        case .int2:
            guard let value = Int16(networkOrder: sqlBytes) else { return nil }
            self.init(value)
        case .oid:
            guard let value = UInt32(networkOrder: sqlBytes) else { return nil }
            self.init(value)
        case .numeric:
            guard let value = Numeric(sqlBytes)?.integer else { return nil }
            self = value
        default: return nil
        }
    }
}

extension Int: SQLDecodable {
    public init?(sqlBytes: ArraySlice<UInt8>, type: SQLType) {
        guard let value = Int64(sqlBytes: sqlBytes, type: type) else { return nil }
        self.init(exactly: value)
    }
}

extension Int32: SQLDecodable {
    public init?(sqlBytes: ArraySlice<UInt8>, type: SQLType) {
        guard let value = Int64(sqlBytes: sqlBytes, type: type) else { return nil }
        self.init(exactly: value)
    }
}

extension Int16: SQLDecodable {
    public init?(sqlBytes: ArraySlice<UInt8>, type: SQLType) {
        guard let value = Int64(sqlBytes: sqlBytes, type: type) else { return nil }
        self.init(exactly: value)
    }
}

extension Double: SQLDecodable {
    /// float8, float4 and numeric.
    public init?(sqlBytes: ArraySlice<UInt8>, type: SQLType) {
        switch type {
        case .float8:
            guard let pattern = UInt64(networkOrder: sqlBytes) else { return nil }
            self.init(bitPattern: pattern)
        case .float4:
            guard let pattern = UInt32(networkOrder: sqlBytes) else { return nil }
            self.init(Float(bitPattern: pattern))
        case .numeric:
            guard let text = Numeric(sqlBytes)?.description else { return nil }
            self.init(text)
        default: return nil
        }
    }
}

extension String: SQLDecodable {
    /// Text-like types (text, varchar, bpchar, name, enumerated, json), jsonb, uuid and numeric.
    public init?(sqlBytes: ArraySlice<UInt8>, type: SQLType) {
        switch type {
        case .uuid:
            guard sqlBytes.count == 16 else { return nil }
            self = BinaryEncoding.uuidText(sqlBytes)
        case .jsonb:
            guard sqlBytes.first == 1 else { return nil }
            self.init(decoding: sqlBytes.dropFirst(), as: UTF8.self)
        case .numeric:
            guard let text = Numeric(sqlBytes)?.description else { return nil }
            self = text
        case .bool, .bytea, .int2, .int4, .int8, .oid, .float4, .float8, .timestamp, .timestamptz, .date: return nil
        default:
            // Enumerated types have object identifiers of their own; their binary form is their label.
            guard let text = String(validating: sqlBytes, as: UTF8.self) else { return nil }
            self = text
        }
    }
}

extension Timestamp: SQLDecodable {
    /// timestamptz, timestamp (read as UTC) and date (its midnight UTC).
    public init?(sqlBytes: ArraySlice<UInt8>, type: SQLType) {
        switch type {
        case .timestamptz, .timestamp:
            guard let value = Int64(networkOrder: sqlBytes) else { return nil }
            self.init(serverValue: value)
        case .date:
            guard let days = Int32(networkOrder: sqlBytes) else { return nil }
            self.init(serverValue: Int64(days) * 86_400_000_000)
        default: return nil
        }
    }
}

extension Array: SQLDecodable where Element: SQLArrayElement {
    public init?(sqlBytes: ArraySlice<UInt8>, type: SQLType) {
        guard let value = Element.decodeArray(sqlBytes, type: type) else { return nil }
        self = value
    }
}

/// An element of a Swift array a column can be read as: `[UInt8]` is `bytea`, every other is an SQL array.
public protocol SQLArrayElement: Sendable {
    static func decodeArray(_ bytes: ArraySlice<UInt8>, type: SQLType) -> [Self]?
}

extension UInt8: SQLArrayElement {
    public static func decodeArray(_ bytes: ArraySlice<UInt8>, type: SQLType) -> [UInt8]? {
        type == .bytea ? Array(bytes) : nil
    }
}

extension SQLArrayElement where Self: SQLDecodable {
    public static func decodeArray(_ bytes: ArraySlice<UInt8>, type: SQLType) -> [Self]? {
        ArrayDecoding.decode(bytes) { element, type in
            guard let element else { return nil }
            return Self(sqlBytes: element, type: type)
        }
    }
}

extension Bool: SQLArrayElement {}
extension Int16: SQLArrayElement {}
extension Int32: SQLArrayElement {}
extension Int64: SQLArrayElement {}
extension Int: SQLArrayElement {}
extension Double: SQLArrayElement {}
extension String: SQLArrayElement {}
extension Timestamp: SQLArrayElement {}
/// `[[UInt8]]` is `bytea[]`.
extension Array: SQLArrayElement where Element == UInt8 {}
extension Optional: SQLArrayElement where Wrapped: SQLDecodable {
    public static func decodeArray(_ bytes: ArraySlice<UInt8>, type: SQLType) -> [Wrapped?]? {
        ArrayDecoding.decode(bytes) { element, type in
            guard let element else { return .some(.none) }
            guard let value = Wrapped(sqlBytes: element, type: type) else { return nil }
            return .some(.some(value))
        }
    }
}

/// The binary form of one-dimensional arrays.
enum ArrayDecoding {
    static func decode<Element>(
        _ bytes: ArraySlice<UInt8>, _ element: (ArraySlice<UInt8>?, SQLType) -> Element?
    ) -> [Element]? {
        var position = bytes.startIndex
        func integer() -> Int32? {
            guard bytes.endIndex - position >= 4 else { return nil }
            defer { position += 4 }
            return Int32(networkOrder: bytes[position..<position + 4])
        }
        guard let dimensions = integer(), integer() != nil, let type = integer() else { return nil }
        if dimensions == 0 { return [] }
        guard dimensions == 1, let count = integer(), count >= 0, integer() != nil else { return nil }
        var values: [Element] = []
        values.reserveCapacity(min(Int(count), bytes.count / 4))
        let elementType = SQLType(rawValue: UInt32(bitPattern: type))
        for _ in 0..<count {
            guard let length = integer() else { return nil }
            var slice: ArraySlice<UInt8>?
            if length >= 0 {
                guard bytes.endIndex - position >= Int(length) else { return nil }
                slice = bytes[position..<position + Int(length)]
                position += Int(length)
            }
            guard let value = element(slice, elementType) else { return nil }
            values.append(value)
        }
        return values
    }
}
