import PostgreSQL

struct CreateLeaseRuns: Migration {
    let number = 9
    let name = "lease_runs"
    // Leases are granted in runs of consecutive chunks, and are kept that way: a row a run, each lease once. Of several
    // leases of one chunk the greatest (term, epoch) is in force. The bound on a run's length bounds how far before a
    // chunk its lease can begin.
    let sql = """
        CREATE TABLE lease_run (
            region_id int8 NOT NULL,
            first_chunk int8 NOT NULL,
            chunk_count int8 NOT NULL CHECK (chunk_count BETWEEN 1 AND 1024),
            term int8 NOT NULL,
            epoch int8 NOT NULL CHECK (epoch > 0),
            session int8 NOT NULL,
            node_id int8 NOT NULL,
            PRIMARY KEY (region_id, first_chunk, term, epoch)
        );
        INSERT INTO lease_run SELECT region_id, chunk_index, 1, term, epoch, session, node_id FROM chunk_lease;
        DROP TABLE chunk_lease;

        -- How often chunks of a region were leased: for each the greatest epoch, since a record may have been lost.
        CREATE FUNCTION lease_total(region int8) RETURNS int8 LANGUAGE sql STABLE AS $$
            WITH again AS (
                SELECT chunk, max(l.epoch) AS epoch
                FROM lease_run l, generate_series(l.first_chunk, l.first_chunk + l.chunk_count - 1) AS chunk
                WHERE l.region_id = region AND l.epoch > 1 GROUP BY chunk
            )
            SELECT (
                (SELECT coalesce(sum(chunk_count), 0) FROM lease_run WHERE region_id = region AND epoch = 1)
                + (SELECT coalesce(sum(a.epoch), 0) FROM again a)
                - (SELECT count(DISTINCT a.chunk) FROM again a JOIN lease_run l ON l.region_id = region AND l.epoch = 1
                    AND l.first_chunk BETWEEN a.chunk - 1023 AND a.chunk
                    AND l.first_chunk + l.chunk_count > a.chunk))::int8
        $$;
        """
}
