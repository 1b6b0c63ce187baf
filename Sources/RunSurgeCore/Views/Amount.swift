/// An amount of money as JSON shows it: a decimal number of units with up to six decimals.
public struct Amount: Sendable, Codable, Hashable {
    public let microUnits: MicroUnits

    public init(_ microUnits: MicroUnits) { self.microUnits = microUnits }

    /// - Throws: `DecodingError` for a number that is no amount.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let amount = MicroUnits(exactly: (try container.decode(Double.self) * 1_000_000).rounded()) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "no amount of money")
        }
        microUnits = amount
    }

    /// The double that is nearest to the amount, whose shortest text is the amount itself up to thousands of millions
    /// of units.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(Double(microUnits) / 1_000_000)
    }
}
