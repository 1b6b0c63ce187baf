import PostgreSQL
import RunSurgeCore

/// How a region lies in its tables.
enum RegionRow {
    static let select = """
        SELECT r.id, r.job_id, r.node, r.line, r.entry, r.digest, r.source, r.modes, r.environment,
            r.environment_sha256, r.environment_size, r.first_unit, r.last_unit, r.step, r.cuts, r.prefix_records,
            r.predicted_peak, r.is_closed, r.completed IS NOT NULL AS is_folded,
            ARRAY(SELECT sha256 FROM region_blob WHERE region_id = r.id ORDER BY position) AS blob_names,
            ARRAY(SELECT size FROM region_blob WHERE region_id = r.id ORDER BY position) AS blob_sizes
        FROM region r
        """

    /// - Parameter number: of the region, if it is new.
    static func insert(_ region: NewRegion, as number: Int64) throws -> Statement {
        var (first, last, step, cuts): (Int64?, Int64?, Int64?, SQLValue) = (nil, nil, nil, .nullInt64Array)
        switch region.ranges {
        case .even(let start, let end, let length): (first, last, step) = (start, end, length)
        case .exact(let boundaries): cuts = .int64Array(boundaries)
        }
        return Statement(
            """
            WITH opened AS (
                INSERT INTO region (job_id, node, line, entry, digest, source, modes, environment, environment_sha256,
                    environment_size, first_unit, last_unit, step, cuts, chunk_count, prefix_records, predicted_peak, id)
                OVERRIDING SYSTEM VALUE
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $20)
                ON CONFLICT (job_id, node, entry, digest) DO UPDATE SET is_closed = false
                RETURNING id
            )
            INSERT INTO region_blob (region_id, position, sha256, size)
            SELECT o.id, b.position, b.sha256, b.size
            FROM opened o, unnest($18, $19) WITH ORDINALITY AS b (sha256, size, position) ON CONFLICT DO NOTHING
            """,
            [
                .identifier(region.job), .int64(region.node), .int64(region.line), .int64(region.entry),
                .bytes(region.digest), .bytes(region.sourceJSON), .bytes(region.modesJSON),
                .bytes(region.environment.inlineBytes), try .name(region.environment.blob),
                .int64(region.environment.blob?.size), .int64(first), .int64(last), .int64(step), cuts,
                .int64(region.ranges.count), .int64(region.prefixRecords), .int64(region.predictedPeak),
                .bytesArray(try region.blobs.map { try $0.nameBytes }), .int64Array(region.blobs.map(\.size)),
                .int64(number),
            ])
    }

    static func decode(_ row: Row) throws -> Region {
        let id: RegionID = try row.identifier("id")
        guard try !row.bool("is_folded") else {
            throw StoreError.inconsistent("region \(id) was put away, because its job has ended")
        }
        let blob = try row.optionalBlob("environment_sha256", "environment_size")
        let names = try row.bytesArray("blob_names")
        let sizes = try row.int64Array("blob_sizes")
        return Region(
            id: id, job: try row.identifier("job_id"), node: try row.int64("node"), line: try row.int64("line"),
            entry: try row.int64("entry"), digest: try row.bytes("digest"), sourceJSON: try row.bytes("source"),
            modesJSON: try row.bytes("modes"),
            environment: try blob.map(Payload.blob) ?? .inline(row.bytes("environment")),
            blobs: zip(names, sizes).map { BlobReference(name: $0, size: $1) }, ranges: try ranges(row),
            prefixRecords: try row.int64("prefix_records"), predictedPeak: try row.int64("predicted_peak"))
    }

    private static func ranges(_ row: Row) throws -> ChunkRanges {
        if let cuts = try row.optionalInt64Array("cuts") { return .exact(cuts) }
        return .even(
            first: try row.int64("first_unit"), last: try row.int64("last_unit"), step: try row.int64("step"))
    }
}
