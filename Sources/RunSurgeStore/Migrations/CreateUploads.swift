import PostgreSQL

struct CreateUploads: Migration {
    let number = 12
    let name = "uploads"
    // Pieces keep their blobs until their upload is finished; they stay a while longer, to answer repetitions.
    let sql = """
        CREATE TABLE upload (
            job_id int8 PRIMARY KEY REFERENCES job ON DELETE CASCADE,
            file_name text NOT NULL,
            total int4 NOT NULL CHECK (total BETWEEN 1 AND 10000),
            received int4 NOT NULL DEFAULT 0,
            bytes int8 NOT NULL DEFAULT 0 CHECK (bytes >= 0),
            required_memory int8 CHECK (required_memory >= 0),
            started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            touched_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            finished_at timestamptz,
            swept_at timestamptz,
            CONSTRAINT upload_received CHECK (received BETWEEN 0 AND total),
            CONSTRAINT upload_swept CHECK (swept_at IS NULL OR finished_at IS NOT NULL)
        ) WITH (fillfactor = 70);
        CREATE INDEX upload_complete ON upload (touched_at) WHERE received = total AND finished_at IS NULL;
        CREATE INDEX upload_unswept ON upload (finished_at) WHERE finished_at IS NOT NULL AND swept_at IS NULL;

        CREATE TABLE upload_piece (
            job_id int8 NOT NULL REFERENCES upload ON DELETE CASCADE,
            piece int4 NOT NULL CHECK (piece >= 0),
            sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
            size int8 NOT NULL CHECK (size >= 0),
            PRIMARY KEY (job_id, piece)
        );
        CREATE INDEX upload_piece_name ON upload_piece (sha256);

        -- Whatever ends a job ends its upload.
        CREATE FUNCTION finish_upload() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE upload SET finished_at = clock_timestamp() WHERE job_id = NEW.id AND finished_at IS NULL;
            RETURN NULL;
        END $$;
        CREATE TRIGGER job_finish_upload AFTER UPDATE OF state, is_ready ON job FOR EACH ROW
            WHEN (NOT OLD.is_ready AND (NEW.is_ready OR NEW.finished_at IS NOT NULL))
            EXECUTE FUNCTION finish_upload();
        """
}
