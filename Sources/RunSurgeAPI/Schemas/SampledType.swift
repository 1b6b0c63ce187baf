import RunSurgeCore

/// A type whose schema is known without looking into how it is decoded.
protocol SampledType {
    static var schema: Schema { get }
    /// Some value of the type.
    static var sample: Self? { get }
}

extension SampledType where Self: FixedWidthInteger {
    static var schema: Schema { .integer(Int64(clamping: min)...Int64(clamping: max)) }
    static var sample: Self? { 0 }
}

extension Int: SampledType {}
extension Int32: SampledType {}
extension Int64: SampledType {}
extension UInt32: SampledType {}

extension Bool: SampledType {
    static var schema: Schema { .boolean }
    static var sample: Bool? { false }
}

extension Double: SampledType {
    static var schema: Schema { .number(-Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude) }
    static var sample: Double? { 0 }
}

extension String: SampledType {
    static var schema: Schema { .text() }
    static var sample: String? { "" }
}

extension Amount: SampledType {
    static var schema: Schema { .number(0...Double(MicroUnits.max) / 1_000_000) }
    static var sample: Amount? { Amount(0) }
}

extension Identifier: SampledType {
    static var schema: Schema { .identifier }
    static var sample: Self? { Self(1) }
}

/// An enumeration by its raw values.
protocol SchemaChoice: SampledType, CaseIterable, RawRepresentable where RawValue == String {}

extension SchemaChoice {
    static var schema: Schema {
        .choice(Choice(name: SchemaProbe.componentName(of: Self.self), values: allCases.map(\.rawValue)))
    }
    static var sample: Self? { allCases.first }
}

extension JobKind: SchemaChoice {}
extension JobState: SchemaChoice {}
extension GroupState: SchemaChoice {}
extension PaymentStatus: SchemaChoice {}
extension ScanPolicy: SchemaChoice {}
extension ChunkView.Status: SchemaChoice {}
extension KeyKind: SchemaChoice {}
extension MasterRoleView.Role: SchemaChoice {}
