/// One step of a schema's history. Never changed after it has been released: its text is checksummed.
public protocol Migration: Sendable {
    /// 1, 2, 3, … without gaps.
    var number: Int { get }
    var name: String { get }
    /// Statements separated by semicolons. They run in one transaction, so none may forbid that.
    var sql: String { get }
}
