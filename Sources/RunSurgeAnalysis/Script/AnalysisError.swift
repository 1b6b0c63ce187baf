/// Why there is no plan: the data is not what `export.py` writes, or is beyond the analyser's bounds.
/// A script that does not parse is no error; its plan says so.
public struct AnalysisError: Error, Sendable, Equatable, CustomStringConvertible {
    public let message: String
    public var description: String { message }

    public init(message: String) { self.message = message }
}
