import PostgreSQL
import RunSurgeCore

extension DispatchRepository {
    private struct StreamKey: Hashable {
        let job: JobID
        let stream: LogStream
    }

    /// The stored length counts what came beyond `Limits.logStreamBytes` too, which is not kept. A segment of an
    /// attempt that has been replaced, or one that leaves a gap, changes nothing.
    func appendLogs(_ segments: [LogAppend], term: Int64) async throws -> [Int64] {
        if segments.isEmpty { return [] }
        let keys = Set(segments.map { StreamKey(job: $0.job, stream: $0.stream) })
        let (lengths, changed) = try await database.fencedTransaction(term) { connection in
            var streams = try await Self.lock(keys, connection)
            var added: [(key: StreamKey, start: Int64, bytes: [UInt8])] = []
            for segment in segments {
                let key = StreamKey(job: segment.job, stream: segment.stream)
                guard var stream = streams[key], segment.epoch >= stream.epoch else { continue }
                let known = stream.length - segment.offset
                guard known >= 0, known < Int64(segment.bytes.count) else { continue }
                let room = max(0, Limits.logStreamBytes - stream.length)
                let fresh = segment.bytes.dropFirst(Int(known))
                let kept = Array(fresh.prefix(Int(min(room, Int64(fresh.count)))))
                if !kept.isEmpty { added.append((key, stream.length, kept)) }
                stream.length += Int64(fresh.count)
                streams[key] = stream
            }
            let changed = streams.filter { $0.value.length != $0.value.before }
            if !changed.isEmpty { try await Self.write(added, changed.mapValues(\.length), connection) }
            return (streams.mapValues(\.length), Set(changed.keys.map(\.job)))
        }
        await database.wakeups.logsChanged(of: changed)
        return segments.map { lengths[StreamKey(job: $0.job, stream: $0.stream)] ?? 0 }
    }

    private struct StreamState {
        let before: Int64
        var length: Int64
        let epoch: Int64
    }

    private static func lock(_ keys: Set<StreamKey>, _ connection: Connection) async throws -> [StreamKey: StreamState]
    {
        let rows = try await connection.query(
            """
            SELECT s.job_id, s.stream, s.length, j.driver_epoch
            FROM job_stream s JOIN job j ON j.id = s.job_id JOIN unnest($1, $2) AS k (job_id, stream)
                ON (s.job_id, s.stream) = (k.job_id, k.stream)
            ORDER BY s.job_id, s.stream FOR UPDATE OF s
            """, [.identifiers(keys.map(\.job)), .int16Array(keys.map(\.stream.rawValue))])
        var streams: [StreamKey: StreamState] = [:]
        for row in rows {
            guard let stream = LogStream(rawValue: try row.int16("stream")) else { continue }
            let length = try row.int64("length")
            streams[StreamKey(job: try row.identifier("job_id"), stream: stream)] = StreamState(
                before: length, length: length, epoch: try row.int64("driver_epoch"))
        }
        return streams
    }

    private static func write(
        _ added: [(key: StreamKey, start: Int64, bytes: [UInt8])], _ lengths: [StreamKey: Int64],
        _ connection: Connection
    ) async throws {
        let changed = Array(lengths)
        _ = try await connection.pipeline([
            Statement(
                "INSERT INTO job_log (job_id, stream, start, bytes) SELECT * FROM unnest($1, $2, $3, $4)",
                [
                    .identifiers(added.map(\.key.job)), .int16Array(added.map(\.key.stream.rawValue)),
                    .int64Array(added.map(\.start)), .bytesArray(added.map(\.bytes)),
                ]),
            Statement(
                """
                UPDATE job_stream s SET length = k.length FROM unnest($1, $2, $3) AS k (job_id, stream, length)
                WHERE (s.job_id, s.stream) = (k.job_id, k.stream)
                """,
                [
                    .identifiers(changed.map(\.key.job)), .int16Array(changed.map(\.key.stream.rawValue)),
                    .int64Array(changed.map(\.value)),
                ]),
        ])
    }
}
