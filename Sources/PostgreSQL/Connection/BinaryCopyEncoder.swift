/// The blocks of a binary COPY.
struct BinaryCopyEncoder {
    private static let blockSize = 64 * 1024
    static let signature: [UInt8] =
        Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0x00] + [0, 0, 0, 0, 0, 0, 0, 0]

    private let columnCount: Int
    private var block: [UInt8]
    private var rowCount = 0

    init(columnCount: Int) {
        self.columnCount = columnCount
        block = Self.signature
    }

    var isFull: Bool { block.count >= Self.blockSize }

    /// Returns why the row cannot be copied; its values are not in the message.
    mutating func append(_ row: [SQLValue]) -> PostgreSQLError? {
        guard row.count == columnCount else {
            return PostgreSQLError(
                kind: .invalidData, message: "row \(rowCount) of the COPY has \(row.count) values, not \(columnCount)")
        }
        BinaryEncoding.append(Int16(columnCount), to: &block)
        for value in row {
            guard let bytes = value.bytes else {
                BinaryEncoding.append(Int32(-1), to: &block)
                continue
            }
            BinaryEncoding.append(Int32(bytes.count), to: &block)
            block.append(contentsOf: bytes)
        }
        rowCount += 1
        return nil
    }

    mutating func finish() {
        BinaryEncoding.append(Int16(-1), to: &block)
    }

    mutating func take() -> [UInt8] {
        defer {
            block = []
            block.reserveCapacity(Self.blockSize + 4096)
        }
        return block
    }
}
