import PostgreSQL
import RunSurgeCore

extension DispatchRepository {
    func regions(of job: JobID) async throws -> [StoredRegion] {
        let rows = try await database.query(
            RegionRow.select + " WHERE r.job_id = $1 ORDER BY r.id", [.identifier(job)])
        return try await progress(of: rows)
    }

    /// A region that was closed is open again: whoever asks for it wants its results.
    ///
    /// Not synchronously durable: the first of its results takes it along, and without results it is only asked for
    /// again. Its number is never given to another, even when the server has forgotten it.
    func openRegion(_ region: NewRegion, term: Int64) async throws -> StoredRegion {
        let results = try await database.fenced(
            term, isDurable: false,
            [
                try RegionRow.insert(region, as: database.numbers.next(in: term)),
                Statement(
                    RegionRow.select + " WHERE (r.job_id, r.node, r.entry, r.digest) = ($1, $2, $3, $4)",
                    [.identifier(region.job), .int64(region.node), .int64(region.entry), .bytes(region.digest)]),
            ])
        guard let stored = try await progress(of: results[1]).first else {
            throw StoreError.inconsistent("a region was not stored")
        }
        return stored
    }

    func closeRegion(_ id: RegionID, committed: Int64, term: Int64) async throws {
        // A region that is open again after a crash costs nothing but its rows, until its job ends.
        _ = try await database.fenced(
            term, isDurable: false,
            [
                Statement(
                    "UPDATE region SET is_closed = true, committed = greatest(committed, $2) WHERE id = $1",
                    [.identifier(id), .int64(committed)])
            ])
    }

    private func progress(of rows: [Row]) async throws -> [StoredRegion] {
        if rows.isEmpty { return [] }
        let regions = try rows.map(RegionRow.decode)
        let identifiers = SQLValue.identifiers(regions.map(\.id))
        let results = try await database.pipeline([
            Statement(
                """
                SELECT region_id, array_agg(chunk_index ORDER BY chunk_index) AS chunks,
                    max(peak_bytes) AS peak, least(sum(wall_microseconds), 9223372036854775807)::int8 AS wall,
                    least(sum(cpu_microseconds), 9223372036854775807)::int8 AS cpu
                FROM chunk_result
                WHERE region_id = ANY ($1) GROUP BY region_id
                """, [identifiers]),
            Statement(
                """
                SELECT region_id, array_agg(first_chunk) AS chunks, array_agg(chunk_count) AS counts,
                    array_agg(epoch) AS epochs
                FROM (SELECT * FROM lease_run WHERE region_id = ANY ($1) ORDER BY region_id, term, epoch) l
                GROUP BY region_id
                """, [identifiers]),
        ])
        var completed: [RegionID: [Int64]] = [:]
        var spent: [RegionID: StoredRegion.Spent] = [:]
        for row in results[0] {
            let id: RegionID = try row.identifier("region_id")
            completed[id] = try row.int64Array("chunks")
            spent[id] = StoredRegion.Spent(
                peakBytes: try row.int64("peak"), wallMicroseconds: try row.int64("wall"),
                cpuMicroseconds: try row.int64("cpu"))
        }
        var epochs: [RegionID: [Int64: Int64]] = [:]
        for row in results[1] {
            let region: RegionID = try row.identifier("region_id")
            epochs[region] = Self.epochs(
                Array(zip(try row.int64Array("chunks"), try row.int64Array("counts"))), try row.int64Array("epochs"),
                without: completed[region] ?? [])
        }
        return try zip(regions, rows).map { region, row in
            StoredRegion(
                region: region, completed: completed[region.id] ?? [], epochs: epochs[region.id] ?? [:],
                isClosed: try row.bool("is_closed"), spent: spent[region.id] ?? StoredRegion.Spent())
        }
    }

    /// The epoch in force of each chunk that was leased and is not done.
    /// - Parameter runs: first chunk and number of each, those in force last.
    private static func epochs(
        _ runs: [(first: Int64, count: Int64)], _ epochs: [Int64], without completed: [Int64]
    ) -> [Int64: Int64] {
        var found: [Int64: Int64] = [:]
        for (run, epoch) in zip(runs, epochs) {
            let end = run.first + run.count
            var position = completed.firstPosition(notBelow: run.first)
            for chunk in run.first..<end {
                if position < completed.count, completed[position] == chunk {
                    position += 1
                } else {
                    found[chunk] = epoch
                }
            }
        }
        return found
    }
}

extension [Int64] {
    /// Of an ascending array.
    fileprivate func firstPosition(notBelow value: Int64) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
