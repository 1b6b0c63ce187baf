/// The header that names a download (RFC 6266).
enum ContentDisposition {
    static func attachment(_ fileName: String) -> String {
        let plain = fileName.unicodeScalars.map { scalar in
            (32..<127).contains(scalar.value) && scalar != "\"" && scalar != "\\" ? Character(scalar) : "_"
        }
        // Some clients take all that follows for the name, so nothing follows that says nothing more.
        guard String(plain) != fileName || fileName.contains("%") else {
            return "attachment; filename=\"\(fileName)\""
        }
        return "attachment; filename=\"\(String(plain))\"; filename*=UTF-8''\(percentEncoded(fileName))"
    }

    private static func percentEncoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF")
        return text.utf8.reduce(into: "") { encoded, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                encoded.append(Character(Unicode.Scalar(byte)))
            default:
                encoded.append("%")
                encoded.append(digits[Int(byte >> 4)])
                encoded.append(digits[Int(byte & 15)])
            }
        }
    }
}
