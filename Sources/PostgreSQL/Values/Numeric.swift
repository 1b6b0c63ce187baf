/// The binary form of `numeric`: base-10,000 digits, a weight, a sign and a scale.
struct Numeric: CustomStringConvertible {
    private let digits: [Int]
    private let weight: Int
    private let isNegative: Bool
    private let scale: Int
    private let special: String?

    init?(_ bytes: ArraySlice<UInt8>) {
        let words = stride(from: bytes.startIndex, to: bytes.endIndex - 1, by: 2)
            .map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
        guard words.count >= 4, bytes.count % 2 == 0, words.count == 4 + Int(words[0]) else { return nil }
        digits = words[4...].map(Int.init)
        weight = Int(Int16(bitPattern: words[1]))
        scale = Int(words[3])
        isNegative = words[2] == 0x4000
        switch words[2] {
        case 0x0000, 0x4000: special = nil
        case 0xC000: special = "nan"
        case 0xD000: special = "inf"
        case 0xF000: special = "-inf"
        default: return nil
        }
    }

    /// The value if it has no decimals and fits.
    var integer: Int64? {
        guard special == nil else { return nil }
        var value: Int64 = 0
        for (index, digit) in digits.enumerated() where index > weight && digit != 0 { return nil }
        guard weight >= 0 else { return 0 }
        for index in 0...weight {
            let digit = index < digits.count ? Int64(digits[index]) : 0
            let (product, overflow) = value.multipliedReportingOverflow(by: 10_000)
            let (sum, carried) = product.subtractingReportingOverflow(digit)  // downwards, so that Int64.min fits
            guard !overflow, !carried else { return nil }
            value = sum
        }
        if isNegative { return value }
        return value == .min ? nil : -value
    }

    var description: String {
        if let special { return special }
        func group(_ index: Int) -> String {
            let text = String(index >= 0 && index < digits.count ? digits[index] : 0)
            return String(repeating: "0", count: 4 - text.count) + text
        }
        var whole = ""
        if weight >= 0 { for index in 0...weight { whole += group(index) } }
        whole = String(whole.drop { $0 == "0" })
        if whole.isEmpty { whole = "0" }
        var decimals = ""
        var index = weight + 1
        while decimals.count < scale {
            decimals += group(index)
            index += 1
        }
        return (isNegative ? "-" : "") + whole + (scale > 0 ? "." + decimals.prefix(scale) : "")
    }
}
