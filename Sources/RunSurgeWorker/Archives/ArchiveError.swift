/// Why an archive was not inflated or packed.
public enum ArchiveError: Error, Equatable, CustomStringConvertible {
    /// The archive is not acceptable: a sentence for who sent it, naming the entry.
    case refused(String)
    /// Nothing is known against the archive; a further attempt may succeed.
    case failed(String)

    public var description: String {
        switch self {
        case .refused(let sentence): sentence
        case .failed(let reason): "The archive could not be handled: \(reason)."
        }
    }
}
