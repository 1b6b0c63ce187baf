import Hummingbird
import RunSurgeCore

/// The query of a request, field by field.
struct QueryFields {
    private let request: Request

    init(_ request: Request) { self.request = request }

    private func value(_ name: String) -> String? {
        request.uri.queryParameters[Substring(name)].map(String.init)
    }

    /// - Throws: 422 when it is there but not a number of `range`.
    func integer(_ name: String, in range: ClosedRange<Int64>) throws -> Int64? {
        guard let text = value(name) else { return nil }
        guard let number = Int64(text), range.contains(number) else {
            throw APIError.invalid(
                name, "\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound).")
        }
        return number
    }

    /// - Throws: 422 when it is there but neither true nor false.
    func boolean(_ name: String) throws -> Bool? {
        guard let text = value(name) else { return nil }
        guard let flag = FieldText.boolean(text) else {
            throw APIError.invalid(name, "\(name) must be true or false.")
        }
        return flag
    }

    /// `stream`: standard output unless it says otherwise.
    func logStream() throws -> LogStream {
        switch value("stream") {
        case nil, "stdout": return .standardOutput
        case "stderr": return .standardError
        default: throw APIError.invalid("stream", "stream must be stdout or stderr.")
        }
    }
}

/// Values as forms and queries spell them.
enum FieldText {
    static func boolean(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "true", "1", "yes", "on", "": true
        case "false", "0", "no", "off": false
        default: nil
        }
    }
}
