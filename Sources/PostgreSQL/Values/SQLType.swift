/// The object identifier of a PostgreSQL type, as in `pg_type.oid`. Zero lets the server infer the type.
public struct SQLType: RawRepresentable, Sendable, Hashable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    public static let inferred = SQLType(rawValue: 0)
    public static let bool = SQLType(rawValue: 16)
    public static let bytea = SQLType(rawValue: 17)
    public static let int8 = SQLType(rawValue: 20)
    public static let int2 = SQLType(rawValue: 21)
    public static let int4 = SQLType(rawValue: 23)
    public static let text = SQLType(rawValue: 25)
    public static let oid = SQLType(rawValue: 26)
    public static let json = SQLType(rawValue: 114)
    public static let float4 = SQLType(rawValue: 700)
    public static let float8 = SQLType(rawValue: 701)
    public static let date = SQLType(rawValue: 1082)
    public static let timestamp = SQLType(rawValue: 1114)
    public static let timestamptz = SQLType(rawValue: 1184)
    public static let numeric = SQLType(rawValue: 1700)
    public static let uuid = SQLType(rawValue: 2950)
    public static let jsonb = SQLType(rawValue: 3802)

    public static let boolArray = SQLType(rawValue: 1000)
    public static let byteaArray = SQLType(rawValue: 1001)
    public static let int2Array = SQLType(rawValue: 1005)
    public static let int4Array = SQLType(rawValue: 1007)
    public static let textArray = SQLType(rawValue: 1009)
    public static let int8Array = SQLType(rawValue: 1016)
    public static let float8Array = SQLType(rawValue: 1022)
    public static let timestamptzArray = SQLType(rawValue: 1185)
    public static let uuidArray = SQLType(rawValue: 2951)
    public static let jsonbArray = SQLType(rawValue: 3807)
}
