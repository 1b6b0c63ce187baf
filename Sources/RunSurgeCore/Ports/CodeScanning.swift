/// A further pair of eyes for submitted code, beside the scan that RunSurge does itself.
public protocol CodeScanning: Sendable {
    /// - Parameters:
    ///   - rules: in the scanner's own form.
    ///   - files: what it sees as 0.py, 1.py, …
    /// - Returns: its report, in its own form.
    /// - Throws: when it has not looked at all of them.
    func scan(rules: [UInt8], files: [[UInt8]]) async throws -> [UInt8]
}
