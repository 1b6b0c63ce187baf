/// A message that could not be understood. It is the peer's fault, never ours: counted, logged and dropped.
public enum ProtocolError: Error, Equatable, CustomStringConvertible {
    /// The bytes are no such message.
    case malformed(message: String)
    /// A field that must be there is missing, or out of its range.
    case invalidField(message: String, field: String)
    case tooLarge(bytes: Int, limit: Int)

    public var description: String {
        switch self {
        case .malformed(let message): "malformed \(message)"
        case .invalidField(let message, let field): "\(message): field \(field) is missing or out of range"
        case .tooLarge(let bytes, let limit): "a frame of \(bytes) bytes exceeds the limit of \(limit)"
        }
    }
}
