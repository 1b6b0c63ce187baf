/// One-dimensional arrays, for `unnest` batches and `= ANY($1)`. The forms with optional elements carry NULLs.
extension SQLValue {
    public static let nullInt64Array = SQLValue(type: .int8Array, bytes: nil)
    public static let nullTextArray = SQLValue(type: .textArray, bytes: nil)

    public static func boolArray(_ values: [Bool]) -> SQLValue {
        array(.boolArray, of: .bool, values) { $1.append($0 ? 1 : 0) }
    }

    public static func boolArray(_ values: [Bool?]) -> SQLValue {
        optionalArray(.boolArray, of: .bool, values) { $1.append($0 ? 1 : 0) }
    }

    public static func int16Array(_ values: [Int16]) -> SQLValue {
        array(.int2Array, of: .int2, values, BinaryEncoding.append)
    }

    public static func int32Array(_ values: [Int32]) -> SQLValue {
        array(.int4Array, of: .int4, values, BinaryEncoding.append)
    }

    public static func int32Array(_ values: [Int32?]) -> SQLValue {
        optionalArray(.int4Array, of: .int4, values, BinaryEncoding.append)
    }

    public static func int64Array(_ values: [Int64]) -> SQLValue {
        array(.int8Array, of: .int8, values, BinaryEncoding.append)
    }

    public static func int64Array(_ values: [Int64?]) -> SQLValue {
        optionalArray(.int8Array, of: .int8, values, BinaryEncoding.append)
    }

    public static func doubleArray(_ values: [Double]) -> SQLValue {
        array(.float8Array, of: .float8, values) { BinaryEncoding.append($0.bitPattern, to: &$1) }
    }

    public static func doubleArray(_ values: [Double?]) -> SQLValue {
        optionalArray(.float8Array, of: .float8, values) { BinaryEncoding.append($0.bitPattern, to: &$1) }
    }

    /// `text[]`; cast for other types: `unnest($1::text[])::chunk_state`.
    public static func textArray(_ values: [String]) -> SQLValue {
        array(.textArray, of: .text, values) { $1.append(contentsOf: $0.utf8) }
    }

    public static func textArray(_ values: [String?]) -> SQLValue {
        optionalArray(.textArray, of: .text, values) { $1.append(contentsOf: $0.utf8) }
    }

    public static func bytesArray(_ values: [[UInt8]]) -> SQLValue {
        array(.byteaArray, of: .bytea, values) { $1.append(contentsOf: $0) }
    }

    public static func bytesArray(_ values: [[UInt8]?]) -> SQLValue {
        optionalArray(.byteaArray, of: .bytea, values) { $1.append(contentsOf: $0) }
    }

    public static func timestampArray(_ values: [Timestamp]) -> SQLValue {
        array(.timestamptzArray, of: .timestamptz, values) { BinaryEncoding.append($0.serverValue, to: &$1) }
    }

    public static func timestampArray(_ values: [Timestamp?]) -> SQLValue {
        optionalArray(.timestamptzArray, of: .timestamptz, values) { BinaryEncoding.append($0.serverValue, to: &$1) }
    }

    /// `uuid[]`. Text that is no UUID becomes an element of the wrong length, which the server refuses.
    public static func uuidArray(_ values: [String]) -> SQLValue {
        array(.uuidArray, of: .uuid, values) { $1.append(contentsOf: BinaryEncoding.uuid($0) ?? []) }
    }

    public static func uuidArray(_ values: [String?]) -> SQLValue {
        optionalArray(.uuidArray, of: .uuid, values) { $1.append(contentsOf: BinaryEncoding.uuid($0) ?? []) }
    }

    /// `jsonb[]`, from JSON texts.
    public static func jsonbArray(_ values: [String?]) -> SQLValue {
        optionalArray(.jsonbArray, of: .jsonb, values) {
            $1.append(1)
            $1.append(contentsOf: $0.utf8)
        }
    }

    private static func array<Element>(
        _ type: SQLType, of element: SQLType, _ values: [Element], _ encode: (Element, inout [UInt8]) -> Void
    ) -> SQLValue {
        var bytes = header(element: element, count: values.count, hasNulls: false)
        for value in values { appendElement(value, to: &bytes, encode) }
        return SQLValue(type: type, bytes: bytes)
    }

    private static func optionalArray<Element>(
        _ type: SQLType, of element: SQLType, _ values: [Element?], _ encode: (Element, inout [UInt8]) -> Void
    ) -> SQLValue {
        var bytes = header(element: element, count: values.count, hasNulls: values.contains { $0 == nil })
        for value in values {
            if let value {
                appendElement(value, to: &bytes, encode)
            } else {
                BinaryEncoding.append(Int32(-1), to: &bytes)
            }
        }
        return SQLValue(type: type, bytes: bytes)
    }

    private static func header(element: SQLType, count: Int, hasNulls: Bool) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(20 + count * 12)
        BinaryEncoding.append(Int32(count == 0 ? 0 : 1), to: &bytes)
        BinaryEncoding.append(Int32(hasNulls ? 1 : 0), to: &bytes)
        BinaryEncoding.append(element.rawValue, to: &bytes)
        guard count > 0 else { return bytes }
        BinaryEncoding.append(Int32(count), to: &bytes)
        BinaryEncoding.append(Int32(1), to: &bytes)
        return bytes
    }

    private static func appendElement<Element>(
        _ value: Element, to bytes: inout [UInt8], _ encode: (Element, inout [UInt8]) -> Void
    ) {
        let start = bytes.count
        BinaryEncoding.append(Int32(0), to: &bytes)
        encode(value, &bytes)
        BinaryEncoding.store(Int32(bytes.count - start - 4), into: &bytes, at: start)
    }
}
