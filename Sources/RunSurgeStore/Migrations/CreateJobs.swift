import PostgreSQL

struct CreateJobs: Migration {
    let number = 3
    let name = "jobs"
    // What changes often (job, job_stream) is narrow and apart from what is long (job_detail, job_log).
    let sql = """
        CREATE TYPE job_state AS ENUM (
            'submitted', 'pending_schedule', 'running', 'completed', 'failed', 'cancelled');

        CREATE TABLE job (
            id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            owner_id int8 NOT NULL REFERENCES app_user,
            submission uuid NOT NULL UNIQUE,
            state job_state NOT NULL DEFAULT 'submitted',
            driver_term int8 NOT NULL DEFAULT 0,
            driver_epoch int8 NOT NULL DEFAULT 0,
            driver_session int8 NOT NULL DEFAULT 0,
            exit_status int4,
            created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            planned_at timestamptz,
            started_at timestamptz,
            finished_at timestamptz,
            CONSTRAINT job_finished CHECK ((state IN ('completed', 'failed', 'cancelled')) = (finished_at IS NOT NULL)),
            CONSTRAINT job_completed CHECK ((state = 'completed') = (exit_status IS NOT NULL)),
            CONSTRAINT job_running CHECK (state <> 'running' OR (started_at IS NOT NULL AND driver_epoch > 0)),
            CONSTRAINT job_planned CHECK ((state = 'submitted') <= (planned_at IS NULL)),
            CONSTRAINT job_scheduled CHECK (state NOT IN ('pending_schedule', 'running') OR planned_at IS NOT NULL)
        ) WITH (fillfactor = 70);
        CREATE INDEX job_owner ON job (owner_id, id);
        -- Neither index names the state: its changes stay within the page.
        CREATE INDEX job_unplanned ON job (id) WHERE planned_at IS NULL AND finished_at IS NULL;
        CREATE INDEX job_unfinished ON job (id) WHERE finished_at IS NULL;

        CREATE TABLE job_detail (
            job_id int8 PRIMARY KEY REFERENCES job ON DELETE CASCADE,
            specification json NOT NULL,
            plan bytea,
            failure text,
            output_sha256 bytea,
            output_size int8,
            error_sha256 bytea,
            error_size int8,
            files json,
            deleted text[],
            report bytea,
            CONSTRAINT job_detail_outcome CHECK (
                num_nulls(output_sha256, output_size, error_sha256, error_size, files, deleted, report) IN (0, 7))
        );

        -- Every blob a job names: its script, inputs, standard input, outputs and streams.
        CREATE TABLE job_blob (
            job_id int8 NOT NULL REFERENCES job ON DELETE CASCADE,
            sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
            size int8 NOT NULL CHECK (size >= 0),
            PRIMARY KEY (job_id, sha256)
        );
        CREATE INDEX job_blob_name ON job_blob (sha256);

        -- What has been acknowledged of a live stream; job_log keeps its beginning, up to a limit.
        CREATE TABLE job_stream (
            job_id int8 NOT NULL REFERENCES job ON DELETE CASCADE,
            stream int2 NOT NULL CHECK (stream IN (1, 2)),
            length int8 NOT NULL DEFAULT 0 CHECK (length >= 0),
            PRIMARY KEY (job_id, stream)
        ) WITH (fillfactor = 50);
        CREATE TABLE job_log (
            job_id int8 NOT NULL REFERENCES job ON DELETE CASCADE,
            stream int2 NOT NULL,
            start int8 NOT NULL CHECK (start >= 0),
            bytes bytea NOT NULL CHECK (octet_length(bytes) > 0),
            PRIMARY KEY (job_id, stream, start)
        );
        """
}
