import PostgreSQL
import RunSurgeCore

/// Results as the columns that `unnest` takes.
struct ResultColumns {
    private let results: [ChunkResult]

    init(_ results: [ChunkResult]) { self.results = results }

    var values: [SQLValue] {
        get throws {
            [
                integers { $0.token.key.region?.rawValue ?? 0 }, integers(\.token.key.chunk), integers(\.token.term),
                integers(\.token.epoch), integers { Int64(bitPattern: $0.token.session) },
                .int64Array(results.map { $0.node?.rawValue }), integers(\.outcome.records),
                integers(\.outcome.range.lowerBound), integers(\.outcome.range.upperBound), integers(\.outcome.line),
                integers(\.outcome.wallMicroseconds), integers(\.outcome.cpuMicroseconds),
                integers(\.outcome.peakBytes), .int64Array(results.map { $0.outcome.effects.blob?.size }),
                .int16Array(results.map(\.outcome.status.rawValue)), texts(\.outcome.reason), texts(\.outcome.variable),
                .bytesArray(results.map { $0.outcome.effects.inlineBytes }),
                .bytesArray(try results.map { try $0.outcome.effects.blob?.nameBytes }),
                integers(\.outcome.averageBytes),
            ]
        }
    }

    private func integers(_ value: (ChunkResult) -> Int64) -> SQLValue { .int64Array(results.map(value)) }

    private func texts(_ value: (ChunkResult) -> String) -> SQLValue {
        .textArray(
            results.map {
                let text = value($0)
                return text.isEmpty ? nil : text.withoutNULs
            })
    }
}

extension Payload {
    var inlineBytes: [UInt8]? {
        if case .inline(let bytes) = self { return bytes }
        return nil
    }

    var blob: BlobReference? {
        if case .blob(let blob) = self { return blob }
        return nil
    }
}
