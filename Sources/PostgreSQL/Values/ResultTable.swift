/// All the cells of a result in one buffer, so that libpq's memory is freed at once and rows are two words.
final class ResultTable: Sendable {
    let names: [String]
    let types: [SQLType]
    let rowCount: Int
    private let storage: [UInt8]
    /// Start of each cell in `storage`, row by row; -1 - start for NULL. One more at the end.
    private let starts: [Int]

    init(names: [String], types: [SQLType], rowCount: Int, storage: [UInt8], starts: [Int]) {
        assert(starts.count == rowCount * names.count + 1)
        self.names = names
        self.types = types
        self.rowCount = rowCount
        self.storage = storage
        self.starts = starts
    }

    func position(of column: ColumnReference) -> Int? {
        switch column {
        case .name(let name): names.firstIndex(of: name)
        case .index(let index): names.indices.contains(index) ? index : nil
        }
    }

    func cell(row: Int, column: Int) -> ArraySlice<UInt8>? {
        let position = row * names.count + column
        let start = starts[position]
        guard start >= 0 else { return nil }
        let next = starts[position + 1]
        return storage[start..<(next < 0 ? -1 - next : next)]
    }

    var rows: [Row] { (0..<rowCount).map { Row(table: self, index: $0) } }
}
