/// The two streams of text that a script writes.
public enum LogStream: Int16, Sendable, Codable, CaseIterable {
    case standardOutput = 1
    case standardError = 2
}
