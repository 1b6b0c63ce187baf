import CLibPQ
import Glibc

/// Owns a `PGconn`, in non-blocking mode once connected. Not thread-safe: one thread at a time.
struct ConnectionHandle: ~Copyable {
    enum ConnectStep { case reading, writing, connected, failed }
    enum TransactionState { case idle, active, inTransaction, failed, unknown }

    private let connection: OpaquePointer

    /// Begins to connect without waiting. Nil only when memory is short.
    init?(parameters: [(String, String)]) {
        let keys = parameters.map { strdup($0.0) }
        let values = parameters.map { strdup($0.1) }
        defer { (keys + values).forEach { free($0) } }
        let keyPointers = keys.map { $0.map { UnsafePointer($0) } } + [nil]
        let valuePointers = values.map { $0.map { UnsafePointer($0) } } + [nil]
        guard let connection = PQconnectStartParams(keyPointers, valuePointers, 0) else { return nil }
        self.connection = connection
        // Notices would go to standard error.
        PQsetNoticeProcessor(connection, { _, _ in }, nil)
    }

    deinit { PQfinish(connection) }

    borrowing func connectStep() -> ConnectStep {
        if PQstatus(connection) == CONNECTION_BAD { return .failed }
        switch PQconnectPoll(connection) {
        case PGRES_POLLING_OK:
            PQsetnonblocking(connection, 1)
            return .connected
        case PGRES_POLLING_READING: return .reading
        case PGRES_POLLING_WRITING: return .writing
        default: return .failed
        }
    }

    var socket: Int32 { PQsocket(connection) }
    var isBroken: Bool { PQstatus(connection) == CONNECTION_BAD }
    var isBusy: Bool { PQisBusy(connection) == 1 }
    var processIdentifier: Int32 { PQbackendPID(connection) }
    var serverVersion: Int32 { PQserverVersion(connection) }
    var errorMessage: String { String(cString: PQerrorMessage(connection)).trimmingNewlines() }
    var needsPassword: Bool { PQconnectionNeedsPassword(connection) == 1 }

    var transactionState: TransactionState {
        switch PQtransactionStatus(connection) {
        case PQTRANS_IDLE: .idle
        case PQTRANS_ACTIVE: .active
        case PQTRANS_INTRANS: .inTransaction
        case PQTRANS_INERROR: .failed
        default: .unknown
        }
    }

    borrowing func sendScript(_ sql: String) -> Bool { PQsendQuery(connection, sql) == 1 }

    borrowing func sendPrepare(name: String, sql: String, types: [SQLType]) -> Bool {
        PQsendPrepare(connection, name, sql, Int32(types.count), types.map(\.rawValue)) == 1
    }

    /// Sends the parameters; results come in binary format.
    borrowing func sendPrepared(name: String, parameters: [SQLValue]) -> Bool {
        let count = parameters.count
        var storage: [UInt8] = []
        storage.reserveCapacity(parameters.reduce(1) { $0 + ($1.bytes?.count ?? 0) + 1 })
        var starts: [Int] = []
        for parameter in parameters {
            starts.append(storage.count)
            if let bytes = parameter.bytes { storage.append(contentsOf: bytes) }
            storage.append(0)  // ends text format
        }
        storage.append(0)
        let lengths = parameters.map { Int32($0.bytes?.count ?? 0) }
        let formats: [Int32] = parameters.map { $0.isBinary ? 1 : 0 }
        return storage.withUnsafeBufferPointer { buffer in
            let pointers: [UnsafePointer<CChar>?] = (0..<count).map { index in
                guard parameters[index].bytes != nil, let base = buffer.baseAddress else { return nil }
                return UnsafeRawPointer(base + starts[index]).assumingMemoryBound(to: CChar.self)
            }
            return PQsendQueryPrepared(connection, name, Int32(count), pointers, lengths, formats, 1) == 1
        }
    }

    borrowing func enterPipeline() -> Bool { PQenterPipelineMode(connection) == 1 }
    borrowing func exitPipeline() -> Bool { PQexitPipelineMode(connection) == 1 }
    borrowing func sync() -> Bool { PQpipelineSync(connection) == 1 }

    /// Returns whether output is left to send; nil when the connection broke.
    borrowing func flush() -> Bool? {
        switch PQflush(connection) {
        case 0: false
        case 1: true
        default: nil
        }
    }

    borrowing func consumeInput() -> Bool { PQconsumeInput(connection) == 1 }

    /// The next result; blocks unless `isBusy` is false.
    borrowing func nextResult() -> ResultHandle? {
        PQgetResult(connection).map { ResultHandle(taking: $0) }
    }

    /// True: queued; false: the buffer is full, wait until the socket is writable; nil: failed.
    borrowing func putCopy(_ bytes: [UInt8]) -> Bool? {
        let status = bytes.withUnsafeBytes {
            PQputCopyData(connection, $0.baseAddress?.assumingMemoryBound(to: CChar.self), Int32($0.count))
        }
        return status < 0 ? nil : status == 1
    }

    /// Ends a COPY; with a reason it fails it. As `putCopy`.
    borrowing func endCopy(failing reason: String? = nil) -> Bool? {
        let status = PQputCopyEnd(connection, reason)
        return status < 0 ? nil : status == 1
    }

    /// Asks the server to cancel what runs, over a connection of its own; blocks for a round trip.
    borrowing func requestCancel() {
        guard let cancel = PQgetCancel(connection) else { return }
        defer { PQfreeCancel(cancel) }
        var message = [CChar](repeating: 0, count: 256)
        PQcancel(cancel, &message, Int32(message.count))
    }

    borrowing func nextNotification() -> (channel: String, payload: String)? {
        guard let notification = PQnotifies(connection) else { return nil }
        defer { PQfreemem(notification) }
        return (String(cString: notification.pointee.relname), String(cString: notification.pointee.extra))
    }
}
