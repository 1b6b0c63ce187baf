/// One row of a result. Cheap to copy: it shares the bytes of the whole result, which live as long as any of its rows.
///
/// ```swift
/// let id = try row.int64("id")
/// let note = try row.optionalString("note")
/// let first = try row.decode(0, as: [Int64].self)
/// ```
public struct Row: Sendable {
    let table: ResultTable
    let index: Int

    public var columnNames: [String] { table.names }

    /// Whether a column of this name was selected.
    public func hasColumn(_ name: String) -> Bool { table.names.contains(name) }

    /// The value of a column; NULL, a missing column or another type throws `.decoding` with the column's name.
    public func decode<Value: SQLDecodable>(
        _ column: ColumnReference, as: Value.Type = Value.self
    ) throws(PostgreSQLError) -> Value {
        guard let value = try decodeOptional(column, as: Value.self) else {
            throw .decoding(column: column.description, "is NULL where a \(Value.self) is needed")
        }
        return value
    }

    /// As `decode`, with nil for NULL.
    public func decodeOptional<Value: SQLDecodable>(
        _ column: ColumnReference, as: Value.Type = Value.self
    ) throws(PostgreSQLError) -> Value? {
        guard let position = table.position(of: column) else {
            throw .decoding(column: column.description, "is not in the result (\(table.names.joined(separator: ", ")))")
        }
        guard let cell = table.cell(row: index, column: position) else { return nil }
        let type = table.types[position]
        guard let value = Value(sqlBytes: cell, type: type) else {
            throw .decoding(
                column: table.names[position], "(type \(type.rawValue), \(cell.count) bytes) is no \(Value.self)")
        }
        return value
    }

    public func isNull(_ column: ColumnReference) throws(PostgreSQLError) -> Bool {
        guard let position = table.position(of: column) else {
            throw .decoding(column: column.description, "is not in the result")
        }
        return table.cell(row: index, column: position) == nil
    }
}

extension Row {
    public func bool(_ column: ColumnReference) throws(PostgreSQLError) -> Bool { try decode(column) }
    public func int(_ column: ColumnReference) throws(PostgreSQLError) -> Int { try decode(column) }
    public func int16(_ column: ColumnReference) throws(PostgreSQLError) -> Int16 { try decode(column) }
    public func int32(_ column: ColumnReference) throws(PostgreSQLError) -> Int32 { try decode(column) }
    public func int64(_ column: ColumnReference) throws(PostgreSQLError) -> Int64 { try decode(column) }
    public func double(_ column: ColumnReference) throws(PostgreSQLError) -> Double { try decode(column) }
    /// Text-like types, JSON as its text, a UUID as its lower-case text, a numeric as its digits.
    public func string(_ column: ColumnReference) throws(PostgreSQLError) -> String { try decode(column) }
    public func bytes(_ column: ColumnReference) throws(PostgreSQLError) -> [UInt8] { try decode(column) }
    public func timestamp(_ column: ColumnReference) throws(PostgreSQLError) -> Timestamp { try decode(column) }
    public func int64Array(_ column: ColumnReference) throws(PostgreSQLError) -> [Int64] { try decode(column) }
    public func stringArray(_ column: ColumnReference) throws(PostgreSQLError) -> [String] { try decode(column) }
    public func bytesArray(_ column: ColumnReference) throws(PostgreSQLError) -> [[UInt8]] { try decode(column) }

    public func optionalBool(_ column: ColumnReference) throws(PostgreSQLError) -> Bool? { try decodeOptional(column) }
    public func optionalInt(_ column: ColumnReference) throws(PostgreSQLError) -> Int? { try decodeOptional(column) }
    public func optionalInt16(_ column: ColumnReference) throws(PostgreSQLError) -> Int16? {
        try decodeOptional(column)
    }
    public func optionalInt32(_ column: ColumnReference) throws(PostgreSQLError) -> Int32? {
        try decodeOptional(column)
    }
    public func optionalInt64(_ column: ColumnReference) throws(PostgreSQLError) -> Int64? {
        try decodeOptional(column)
    }
    public func optionalDouble(_ column: ColumnReference) throws(PostgreSQLError) -> Double? {
        try decodeOptional(column)
    }
    public func optionalString(_ column: ColumnReference) throws(PostgreSQLError) -> String? {
        try decodeOptional(column)
    }
    public func optionalBytes(_ column: ColumnReference) throws(PostgreSQLError) -> [UInt8]? {
        try decodeOptional(column)
    }
    public func optionalTimestamp(_ column: ColumnReference) throws(PostgreSQLError) -> Timestamp? {
        try decodeOptional(column)
    }
    public func optionalInt64Array(_ column: ColumnReference) throws(PostgreSQLError) -> [Int64]? {
        try decodeOptional(column)
    }
    public func optionalStringArray(_ column: ColumnReference) throws(PostgreSQLError) -> [String]? {
        try decodeOptional(column)
    }
}
