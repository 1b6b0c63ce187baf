/// One parameter of a statement, encoded once when it is made, on the caller's thread.
///
/// Every constructor takes an optional: `nil` is a NULL of that type, so a statement keeps one prepared form.
/// Numbers, bytes, times and arrays travel in binary format with their type. `text` travels without a type, so the
/// server infers it: it fits text, varchar, enumerated, uuid, json and any other column; write `$1::text` where the
/// server cannot infer (`jsonb_build_object('a', $1::text)`).
public struct SQLValue: Sendable, Hashable {
    public let type: SQLType
    /// The encoded value; nil is NULL.
    let bytes: [UInt8]?
    /// Binary format, else text format.
    let isBinary: Bool

    init(type: SQLType, bytes: [UInt8]?, isBinary: Bool = true) {
        self.type = type
        self.bytes = bytes
        self.isBinary = isBinary
    }

    public var isNull: Bool { bytes == nil }

    /// NULL whose type the server infers. Prefer the typed `nil`: `.int64(nil)`.
    public static let null = SQLValue(type: .inferred, bytes: nil)

    public static func bool(_ value: Bool?) -> SQLValue {
        SQLValue(type: .bool, bytes: value.map { [$0 ? 1 : 0] })
    }

    public static func int16(_ value: Int16?) -> SQLValue {
        SQLValue(type: .int2, bytes: value.map(BinaryEncoding.bytes))
    }

    public static func int32(_ value: Int32?) -> SQLValue {
        SQLValue(type: .int4, bytes: value.map(BinaryEncoding.bytes))
    }

    public static func int64(_ value: Int64?) -> SQLValue {
        SQLValue(type: .int8, bytes: value.map(BinaryEncoding.bytes))
    }

    /// An `int8`, from Swift's native integer.
    public static func int(_ value: Int?) -> SQLValue {
        int64(value.map(Int64.init))
    }

    public static func double(_ value: Double?) -> SQLValue {
        SQLValue(type: .float8, bytes: value.map { BinaryEncoding.bytes($0.bitPattern) })
    }

    /// Text of any type the server infers. A NUL in it is refused by the server (22021), never cut off.
    public static func text(_ value: String?) -> SQLValue {
        guard let value else { return SQLValue(type: .inferred, bytes: nil) }
        let bytes = Array(value.utf8)
        // Text format ends at a NUL; binary format shows it to the server, which refuses it.
        return SQLValue(type: .inferred, bytes: bytes, isBinary: bytes.contains(0))
    }

    public static func bytes(_ value: [UInt8]?) -> SQLValue {
        SQLValue(type: .bytea, bytes: value)
    }

    public static func timestamp(_ value: Timestamp?) -> SQLValue {
        SQLValue(type: .timestamptz, bytes: value.map { BinaryEncoding.bytes($0.serverValue) })
    }

    /// A UUID from its text; text that is none is refused by the server (22P02).
    public static func uuid(_ text: String?) -> SQLValue {
        guard let text else { return SQLValue(type: .uuid, bytes: nil) }
        guard let bytes = BinaryEncoding.uuid(text) else {
            return SQLValue(type: .uuid, bytes: Array(text.utf8.prefix { $0 != 0 }), isBinary: false)
        }
        return SQLValue(type: .uuid, bytes: bytes)
    }

    /// JSON text for a `json` parameter.
    public static func json(_ text: String?) -> SQLValue {
        SQLValue(type: .json, bytes: text.map { Array($0.utf8) })
    }

    /// JSON text for a `jsonb` parameter.
    public static func jsonb(_ text: String?) -> SQLValue {
        SQLValue(type: .jsonb, bytes: text.map { [1] + Array($0.utf8) })
    }
}

extension SQLValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringLiteral
{
    public init(nilLiteral: ()) { self = .null }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int64) { self = .int64(value) }
    public init(floatLiteral value: Double) { self = .double(value) }
    public init(stringLiteral value: String) { self = .text(value) }
}

extension SQLValue: CustomStringConvertible {
    /// The type and size, never the value: parameters may be secrets.
    public var description: String {
        "SQLValue(type \(type.rawValue), \(bytes.map { "\($0.count) bytes" } ?? "NULL"))"
    }
}
