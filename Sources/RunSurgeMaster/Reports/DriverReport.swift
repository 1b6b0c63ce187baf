internal import Foundation
internal import RunSurgeCore
internal import RunSurgeProtocol
internal import RunSurgeScheduling

/// What a driver's worker says of its end.
struct DriverReport: Sendable {
    let end: DriverEnd
    let exitStatus: Int32
    let standardOutput: BlobReference
    let standardError: BlobReference
    let outputs: [FileEntry]
    let deleted: [String]
    /// The driver's own account of its regions, a JSON array.
    let regionsJSON: [UInt8]
    let wallMicroseconds: Int64
    let cpuMicroseconds: Int64
    let peakBytes: Int64
    let missingInputs: [String]
    private let activeMicroseconds: Int64
    private let averageBytes: Int64

    /// What it costs.
    func usage(on node: NodeID) -> DriverUsage {
        DriverUsage(node: node, activeMicroseconds: activeMicroseconds, averageBytes: averageBytes)
    }

    init(wire: WireDriverOutcome) throws(ProtocolError) {
        end = DriverEnd(wire: wire)
        exitStatus = wire.exitStatus
        if end == .finished {
            standardOutput = try BlobReference(wire: wire.standardOutput)
            standardError = try BlobReference(wire: wire.standardError)
        } else {
            (standardOutput, standardError) = (.empty, .empty)
        }
        var outputs: [FileEntry] = []
        for entry in wire.outputs { outputs.append(try FileEntry(wire: entry)) }
        self.outputs = outputs
        guard wire.deleted.allSatisfy({ $0.hasPrefix("/") && !$0.utf8.contains(0) }) else {
            throw .invalidField(message: "DriverOutcome", field: "deleted")
        }
        deleted = wire.deleted
        regionsJSON = [UInt8](wire.regionsJson)
        wallMicroseconds = max(0, wire.wallMicroseconds)
        cpuMicroseconds = max(0, wire.cpuMicroseconds)
        peakBytes = max(0, wire.peakBytes)
        missingInputs = wire.missingInputs.map(WireText.clean)
        activeMicroseconds = max(0, wire.activeMicroseconds)
        averageBytes = max(0, wire.averageBytes)
    }
}

extension DriverEnd {
    init(wire: WireDriverOutcome) {
        let reason = WireText.clean(wire.reason)
        self =
            switch wire.status {
            case .completed, .raised: .finished
            case .outOfMemory: .failed(.outOfMemory, reason: reason.isEmpty ? "it ran out of memory" : reason)
            case .crashed: .failed(.crashed, reason: reason.isEmpty ? "its process died" : reason)
            case .guardFailed, .fault, .outcomeUnspecified, .UNRECOGNIZED:
                .failed(.fault, reason: reason.isEmpty ? "an internal fault" : reason)
            }
    }
}
