/// The Range header of a request for one thing of a known size (RFC 9110, section 14).
enum ByteRange: Equatable {
    /// No range, one of another unit, or several: the whole thing is a right answer.
    case whole
    case part(Range<Int64>)
    case unsatisfiable

    init(header: String?, size: Int64) {
        guard let header, let equals = header.firstIndex(of: "="),
            header[..<equals].trimmingSpaces().lowercased() == "bytes"
        else {
            self = .whole
            return
        }
        let bounds = header[header.index(after: equals)...].trimmingSpaces()
            .split(separator: "-", omittingEmptySubsequences: false)
        guard bounds.count == 2, let first = Self.number(bounds[0]), let last = Self.number(bounds[1]) else {
            self = .whole
            return
        }
        switch (first, last) {
        case (nil, nil): self = .whole
        case (nil, let suffix?):
            self = suffix > 0 && size > 0 ? .part(max(0, size - suffix)..<size) : .unsatisfiable
        case (let first?, let last):
            if let last, last < first {
                self = .whole
            } else if first >= size {
                self = .unsatisfiable
            } else {
                let end = last.map { $0 < size - 1 ? $0 + 1 : size } ?? size
                self = .part(first..<end)
            }
        }
    }

    /// Outer nil: not a number. Inner nil: left out.
    private static func number(_ text: Substring) -> Int64?? {
        if text.isEmpty { return .some(nil) }
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        return Int64(text).map { .some($0) }
    }
}
