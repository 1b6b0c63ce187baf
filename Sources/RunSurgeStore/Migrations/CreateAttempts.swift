import PostgreSQL

struct CreateAttempts: Migration {
    let number = 6
    let name = "attempts"
    // Attempts that gave no result, a row each, and results that came too late (cause 5). A region of 0 is the driver.
    // Partitioned by job, so that the history of old jobs is dropped, not deleted.
    let sql = """
        CREATE TABLE attempt (
            job_id int8 NOT NULL,
            region_id int8 NOT NULL,
            chunk_index int8 NOT NULL,
            term int8 NOT NULL,
            epoch int8 NOT NULL,
            session int8 NOT NULL,
            cause int2 NOT NULL CHECK (cause BETWEEN 1 AND 5),
            noted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            PRIMARY KEY (job_id, region_id, chunk_index, term, epoch, session, cause)
        ) PARTITION BY RANGE (job_id);
        CREATE TABLE attempt_other PARTITION OF attempt DEFAULT;

        -- Makes the partitions of the newest jobs and of those to come.
        CREATE FUNCTION extend_attempts() RETURNS void LANGUAGE plpgsql AS $$
        DECLARE
            width CONSTANT int8 := 100000;
            current int8 := (SELECT coalesce(max(id), 0) FROM job) / width;
        BEGIN
            FOR part IN current..current + 1 LOOP
                IF to_regclass('attempt_' || part) IS NULL THEN
                    EXECUTE format(
                        'CREATE TABLE IF NOT EXISTS attempt_%s PARTITION OF attempt FOR VALUES FROM (%s) TO (%s)',
                        part, part * width, (part + 1) * width);
                END IF;
            END LOOP;
        END $$;
        """
}
