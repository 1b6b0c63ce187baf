import ArgumentParser

/// A number of bytes as people write it: `512M`, `2G`, `1GiB`, `1500000`. Units are powers of 1,024.
struct MemorySize: ExpressibleByArgument, CustomStringConvertible, Sendable {
    /// At least 1.
    let bytes: Int64

    init(bytes: Int64) { self.bytes = bytes }

    init?(argument: String) {
        let digits = argument.prefix { $0.isNumber || $0 == "." }
        let unit = argument.dropFirst(digits.count).uppercased()
        let shifts = ["": 0, "B": 0, "K": 10, "M": 20, "G": 30, "T": 40]
        guard let number = Double(digits), number.isFinite,
            let shift = shifts[unit] ?? shifts[unit.replacingSuffix("IB")] ?? shifts[unit.replacingSuffix("B")]
        else { return nil }
        let value = number * Double(Int64(1) << shift)
        guard value >= 1, value < Double(Int64.max) else { return nil }
        bytes = Int64(value)
    }

    /// With one decimal, such as `80.1 MiB`.
    var description: String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        var value = Double(bytes)
        var index = 0
        while value >= 1024, index < units.count - 1 {
            value /= 1024
            index += 1
        }
        return index == 0 ? "\(bytes) B" : "\((value * 10).rounded() / 10) \(units[index])"
    }
}

extension String {
    fileprivate func replacingSuffix(_ suffix: String) -> String {
        hasSuffix(suffix) ? String(dropLast(suffix.count)) : self
    }
}
