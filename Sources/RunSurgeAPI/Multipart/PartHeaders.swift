import Foundation

/// What a part of a form says about itself.
struct PartHeaders: Sendable, Equatable {
    let name: String
    /// nil: a plain field, not a file.
    let fileName: String?

    /// - Parameter block: the header lines of the part, without the empty line after them.
    /// - Throws: `MultipartError` when there is no Content-Disposition with a name.
    init(parsing block: [UInt8]) throws(MultipartError) {
        for line in Self.lines(of: String(decoding: block, as: UTF8.self)) {
            guard let colon = line.firstIndex(of: ":"),
                line[..<colon].trimmingSpaces().lowercased() == "content-disposition"
            else { continue }
            var parameters = HeaderParameters(line[line.index(after: colon)...])
            guard parameters.value == "form-data" else { throw .malformed("A part's disposition is not form-data.") }
            var found: [String: String] = [:]
            while let (key, value) = try parameters.next() { found[key] = found[key] ?? value }
            guard let name = found["name"] else { throw .malformed("A part has no name.") }
            self.name = Self.unescaped(name)
            fileName = try Self.extended(found["filename*"]) ?? found["filename"].map(Self.unescaped)
            return
        }
        throw .malformed("A part has no Content-Disposition.")
    }

    private static func lines(of text: String) -> [Substring] {
        // A Swift character may be CR LF together, so the text is split by scalars.
        text.unicodeScalars.split(separator: "\n").map { Substring($0) }
    }

    /// Browsers and curl write these three characters of a name, and only these, as percent codes.
    private static func unescaped(_ text: String) -> String {
        text.replacing("%22", with: "\"").replacing("%0D", with: "\r").replacing("%0A", with: "\n")
    }

    /// `UTF-8''na%C3%AFve.txt`
    private static func extended(_ text: String?) throws(MultipartError) -> String? {
        guard let text else { return nil }
        let parts = text.split(separator: "'", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].lowercased() == "utf-8", let name = parts[2].removingPercentEncoding else {
            throw .malformed("A part's filename* is not UTF-8 with percent codes.")
        }
        return name
    }
}

/// The parameters of a header such as `form-data; name="a"; filename="b"`.
struct HeaderParameters {
    /// What stands before the first parameter, lower case.
    let value: String
    private var rest: Substring.UnicodeScalarView

    init(_ text: some StringProtocol) {
        let scalars = Substring(text).unicodeScalars
        let end = scalars.firstIndex(of: ";") ?? scalars.endIndex
        value = Substring(scalars[..<end]).trimmingSpaces().lowercased()
        rest = scalars[end...]
    }

    /// The next parameter, its name in lower case; nil at the end.
    mutating func next() throws(MultipartError) -> (String, String)? {
        rest = rest.drop { $0 == ";" || $0 == " " || $0 == "\t" || $0 == "\r" }
        guard !rest.isEmpty else { return nil }
        guard let equals = rest.firstIndex(of: "=") else { throw .malformed("A header parameter has no value.") }
        let name = Substring(rest[..<equals]).trimmingSpaces().lowercased()
        rest = rest[equals...].dropFirst()
        return (name, rest.first == "\"" ? try quoted() : token())
    }

    private mutating func token() -> String {
        let end = rest.firstIndex(of: ";") ?? rest.endIndex
        defer { rest = rest[end...] }
        return Substring(rest[..<end]).trimmingSpaces()
    }

    private mutating func quoted() throws(MultipartError) -> String {
        var text = String.UnicodeScalarView()
        rest = rest.dropFirst()
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\"": return String(text)
            case "\\":
                // Only these two are escapes: old browsers send paths with plain backslashes.
                if let next = rest.first, next == "\"" || next == "\\" {
                    text.append(next)
                    rest = rest.dropFirst()
                } else {
                    text.append(scalar)
                }
            default: text.append(scalar)
            }
        }
        throw .malformed("A quoted header parameter does not end.")
    }
}

extension StringProtocol {
    func trimmingSpaces() -> String { trimmingCharacters(in: .whitespacesAndNewlines) }
}
