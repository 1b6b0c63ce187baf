/// Rows of a binary COPY, encoded value by value on the caller's thread: for those who copy many rows often.
///
/// The values of a row are appended in the order of the columns. Each must be of its column's exact type.
public struct BinaryRows: Sendable {
    private static let blockBytes = 256 << 10

    let columnCount: Int
    private(set) var count = 0
    /// What is complete; each is sent by itself.
    private(set) var blocks: [[UInt8]] = []
    private var block: [UInt8] = BinaryCopyEncoder.signature
    /// Values that the last row still lacks.
    private var missing = 0

    public init(columnCount: Int) { self.columnCount = columnCount }

    public mutating func beginRow() {
        precondition(missing == 0, "the row before lacks \(missing) values")
        if block.count >= Self.blockBytes {
            blocks.append(block)
            block = []
            block.reserveCapacity(Self.blockBytes + 4_096)
        }
        BinaryEncoding.append(Int16(columnCount), to: &block)
        missing = columnCount
        count += 1
    }

    public mutating func append(_ value: Int64) {
        BinaryEncoding.append(Int32(8), to: &block)
        BinaryEncoding.append(value, to: &block)
        missing -= 1
    }

    public mutating func append(_ value: Int16) {
        BinaryEncoding.append(Int32(2), to: &block)
        BinaryEncoding.append(value, to: &block)
        missing -= 1
    }

    /// For bytea, and for text in UTF-8 without NUL.
    public mutating func append(_ bytes: some Collection<UInt8>) {
        BinaryEncoding.append(Int32(bytes.count), to: &block)
        block.append(contentsOf: bytes)
        missing -= 1
    }

    public mutating func appendNull() {
        BinaryEncoding.append(Int32(-1), to: &block)
        missing -= 1
    }

    /// All blocks, the end of the COPY included.
    var encoded: [[UInt8]] {
        precondition(missing == 0, "the last row lacks \(missing) values")
        var last = block
        BinaryEncoding.append(Int16(-1), to: &last)
        return blocks + [last]
    }
}
