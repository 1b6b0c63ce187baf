import PostgreSQL
import RunSurgeCore

extension RunSurgeCore.Timestamp {
    init(_ value: PostgreSQL.Timestamp) { self.init(microseconds: value.microseconds) }
}

extension SQLValue {
    static func timestamp(_ value: RunSurgeCore.Timestamp) -> SQLValue {
        .timestamp(PostgreSQL.Timestamp(microseconds: value.microseconds))
    }

    static func identifier<Entity>(_ value: Identifier<Entity>?) -> SQLValue { .int64(value?.rawValue) }

    static func identifiers<Entity>(_ values: some Sequence<Identifier<Entity>>) -> SQLValue {
        .int64Array(values.map(\.rawValue))
    }

    /// The 32 bytes of a blob's name.
    static func name(_ blob: BlobReference?) throws -> SQLValue {
        guard let blob else { return .bytes(nil) }
        return .bytes(try blob.nameBytes)
    }
}

extension BlobReference {
    /// - Throws: `BlobError.notFound` when it is not the name of any blob.
    var nameBytes: [UInt8] {
        get throws {
            guard Self.isValidName(sha256), let bytes = HexCoding.decode(sha256) else {
                throw BlobError.notFound(sha256)
            }
            return bytes
        }
    }

    init(name: [UInt8], size: Int64) { self.init(sha256: HexCoding.encode(name), size: size) }
}

extension Row {
    func identifier<Entity>(_ column: ColumnReference) throws -> Identifier<Entity> { Identifier(try int64(column)) }

    func moment(_ column: ColumnReference) throws -> RunSurgeCore.Timestamp { .init(try timestamp(column)) }

    func optionalMoment(_ column: ColumnReference) throws -> RunSurgeCore.Timestamp? {
        try optionalTimestamp(column).map { .init($0) }
    }

    /// nil when `name` is NULL.
    func optionalBlob(_ name: ColumnReference, _ size: ColumnReference) throws -> BlobReference? {
        guard let bytes = try optionalBytes(name) else { return nil }
        return BlobReference(name: bytes, size: try int64(size))
    }
}
