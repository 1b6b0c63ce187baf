/// The query of a request, name by name.
struct QueryText {
    /// In the order of the text.
    let names: [String]
    private let values: [String: [String]]

    /// - Throws: 422 naming what is not UTF-8 with percent codes.
    init(_ text: String) throws(APIError) {
        var names: [String] = []
        var values: [String: [String]] = [:]
        for pair in text.utf8.split(separator: UInt8(ascii: "&")) {
            let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
            guard let name = PercentCode.decode(pair[..<equals], plusIsSpace: true) else {
                throw .invalid("query", "The query has a name that is not UTF-8 with percent codes.")
            }
            guard let value = PercentCode.decode(pair[equals...].dropFirst(), plusIsSpace: true) else {
                throw .invalid(name, "\(name) is not UTF-8 with percent codes.")
            }
            if values[name] == nil { names.append(name) }
            values[name, default: []].append(value)
        }
        self.names = names
        self.values = values
    }

    /// - Throws: 422 when it comes twice.
    func value(_ name: String) throws(APIError) -> String? {
        guard let sent = values[name] else { return nil }
        guard sent.count == 1 else { throw .invalid(name, "\(name) comes twice.") }
        return sent.first
    }
}

/// Text as URLs carry it (RFC 3986, section 2.1).
enum PercentCode {
    /// - Returns: nil when a code is cut or the bytes are not UTF-8.
    static func decode(_ text: some Sequence<UInt8>, plusIsSpace: Bool = false) -> String? {
        var bytes: [UInt8] = []
        var iterator = text.makeIterator()
        while let byte = iterator.next() {
            if byte == UInt8(ascii: "%") {
                guard let high = iterator.next().flatMap(digit), let low = iterator.next().flatMap(digit) else {
                    return nil
                }
                bytes.append(high << 4 | low)
            } else {
                bytes.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
