/// Why code could not be looked through. Such code is refused: what nobody has looked at does not pass.
public enum ScanError: Error, Equatable, CustomStringConvertible {
    /// The operator's file of rules is not one.
    case rules(String)
    /// A sentence for who sent the code.
    case unreadable(String)
    /// The scanner itself has failed.
    case failed(String)

    public var description: String {
        switch self {
        case .rules(let reason): "The rules of the scan can't be read: \(reason)."
        case .unreadable(let sentence): sentence
        case .failed(let reason): "The code could not be scanned: \(reason)."
        }
    }
}
