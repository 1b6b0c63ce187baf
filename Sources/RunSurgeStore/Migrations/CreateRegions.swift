import PostgreSQL

struct CreateRegions: Migration {
    let number = 4
    let name = "regions"
    // A region is one row whatever its number of chunks; a chunk has a row once it was leased, and one once it is done.
    // Neither of those refers to its region by a foreign key: the check would cost more than the row, and the statements
    // that write them join the region anyway.
    let sql = """
        CREATE TABLE region (
            id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            job_id int8 NOT NULL REFERENCES job ON DELETE CASCADE,
            node int8 NOT NULL,
            line int8 NOT NULL,
            entry int8 NOT NULL,
            digest bytea NOT NULL,
            source bytea NOT NULL,
            modes bytea NOT NULL,
            environment bytea,
            environment_sha256 bytea CHECK (octet_length(environment_sha256) = 32),
            environment_size int8,
            first_unit int8,
            last_unit int8,
            step int8 CHECK (step > 0),
            cuts int8[],
            chunk_count int8 NOT NULL CHECK (chunk_count >= 0),
            prefix_records int8 NOT NULL,
            predicted_peak int8 NOT NULL,
            is_closed bool NOT NULL DEFAULT false,
            committed int8 NOT NULL DEFAULT 0,
            completed int8,
            records int8,
            measured_peak int8,
            attempts int8,
            swept_at timestamptz,
            UNIQUE (job_id, node, entry, digest),
            CONSTRAINT region_ranges CHECK (
                num_nulls(first_unit, last_unit, step) IN (0, 3) AND (cuts IS NULL) = (step IS NOT NULL)),
            CONSTRAINT region_totals CHECK (
                num_nulls(completed, records, measured_peak, attempts) IN (0, 4)
                AND (swept_at IS NULL OR completed IS NOT NULL)),
            CONSTRAINT region_environment CHECK (
                completed IS NOT NULL OR (environment IS NULL) <> (environment_sha256 IS NULL)),
            CONSTRAINT region_environment_blob CHECK ((environment_sha256 IS NULL) = (environment_size IS NULL))
        );
        CREATE INDEX region_environment_name ON region (environment_sha256) WHERE environment_sha256 IS NOT NULL;
        CREATE INDEX region_unswept ON region (id) WHERE swept_at IS NULL;

        CREATE TABLE region_blob (
            region_id int8 NOT NULL REFERENCES region ON DELETE CASCADE,
            position int4 NOT NULL,
            sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
            size int8 NOT NULL,
            PRIMARY KEY (region_id, position)
        );
        CREATE INDEX region_blob_name ON region_blob (sha256);

        CREATE TABLE chunk_lease (
            region_id int8 NOT NULL,
            chunk_index int8 NOT NULL,
            term int8 NOT NULL,
            epoch int8 NOT NULL CHECK (epoch > 0),
            session int8 NOT NULL,
            node_id int8 NOT NULL,
            PRIMARY KEY (region_id, chunk_index)
        ) WITH (fillfactor = 70);

        -- A row: the chunk is done. `batch` names the call that stored it, so that one whose commit was lost on the way
        -- can be repeated and still tells what it has accepted.
        CREATE TABLE chunk_result (
            region_id int8 NOT NULL,
            chunk_index int8 NOT NULL,
            term int8 NOT NULL,
            epoch int8 NOT NULL,
            session int8 NOT NULL,
            batch int8 NOT NULL,
            node_id int8,
            records int8 NOT NULL,
            first_unit int8 NOT NULL,
            last_unit int8 NOT NULL,
            line int8 NOT NULL,
            wall_microseconds int8 NOT NULL,
            cpu_microseconds int8 NOT NULL,
            peak_bytes int8 NOT NULL,
            effects_size int8,
            status int2 NOT NULL CHECK (status IN (1, 2, 3)),
            reason text,
            variable text,
            effects bytea,
            effects_sha256 bytea CHECK (octet_length(effects_sha256) = 32),
            PRIMARY KEY (region_id, chunk_index),
            CONSTRAINT chunk_result_effects CHECK ((effects IS NULL) <> (effects_sha256 IS NULL)),
            CONSTRAINT chunk_result_blob CHECK ((effects_sha256 IS NULL) = (effects_size IS NULL))
        );
        ALTER TABLE chunk_result ALTER COLUMN effects SET STORAGE EXTERNAL;
        CREATE INDEX chunk_result_blob_name ON chunk_result (effects_sha256) WHERE effects_sha256 IS NOT NULL;
        """
}
