internal import Foundation
public import RunSurgeCore

extension LogStream {
    public var wire: WireLogStream {
        switch self {
        case .standardOutput: .standardOutput
        case .standardError: .standardError
        }
    }

    public init(wire: WireLogStream) throws(ProtocolError) {
        switch wire {
        case .standardOutput: self = .standardOutput
        case .standardError: self = .standardError
        case .logUnspecified, .UNRECOGNIZED: throw .invalidField(message: "LogSegment", field: "stream")
        }
    }
}

extension LogAppend {
    public init(wire: WireLogSegment) throws(ProtocolError) {
        let token = try LeaseToken(wire: wire.driver)
        guard token.key.isDriver else { throw .invalidField(message: "LogSegment", field: "driver") }
        guard wire.offset >= 0, wire.offset <= .max - Int64(wire.data.count) else {
            throw .invalidField(message: "LogSegment", field: "offset")
        }
        self.init(
            job: token.key.job, epoch: token.epoch, stream: try LogStream(wire: wire.stream), offset: wire.offset,
            bytes: [UInt8](wire.data))
    }
}

extension WireLogPosition {
    /// Bytes before `offset` are stored.
    public init(job: JobID, epoch: Int64, stream: LogStream, offset: Int64) {
        self.init()
        jobID = job.rawValue
        self.epoch = epoch
        self.stream = stream.wire
        self.offset = offset
    }
}
