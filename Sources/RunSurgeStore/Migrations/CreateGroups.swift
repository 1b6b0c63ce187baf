import PostgreSQL

struct CreateGroups: Migration {
    let number = 11
    let name = "groups"
    // A group counts its members that have not ended, and those that have ended but not well. A trigger does, so that
    // whatever ends a job moves its group in the same transaction: updates of the group's row wait for each other, and
    // exactly one of them is the last.
    let sql = """
        CREATE TYPE group_state AS ENUM ('submitted', 'running', 'pending_aggregation', 'completed', 'failed');

        CREATE TABLE job_group (
            id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            owner_id int8 NOT NULL REFERENCES app_user,
            submission uuid NOT NULL UNIQUE,
            name text NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
            script_name text NOT NULL CHECK (length(script_name) BETWEEN 1 AND 4096),
            aggregator_name text NOT NULL CHECK (length(aggregator_name) BETWEEN 1 AND 4096),
            aggregator_sha256 bytea NOT NULL CHECK (octet_length(aggregator_sha256) = 32),
            aggregator_size int8 NOT NULL CHECK (aggregator_size >= 0),
            member_count int4 NOT NULL CHECK (member_count > 0),
            unfinished int4 NOT NULL,
            unsuccessful int4 NOT NULL DEFAULT 0,
            state group_state NOT NULL DEFAULT 'submitted',
            aggregator_job int8 UNIQUE REFERENCES job,
            failure text,
            result_sha256 bytea CHECK (octet_length(result_sha256) = 32),
            result_size int8 CHECK (result_size >= 0),
            created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            cancelled_at timestamptz,
            finished_at timestamptz,
            CONSTRAINT job_group_counts CHECK (
                unfinished BETWEEN 0 AND member_count AND unsuccessful BETWEEN 0 AND member_count - unfinished),
            CONSTRAINT job_group_finished CHECK ((state IN ('completed', 'failed')) = (finished_at IS NOT NULL)),
            CONSTRAINT job_group_pending CHECK (
                state NOT IN ('pending_aggregation', 'completed') OR (unfinished = 0 AND unsuccessful = 0)),
            CONSTRAINT job_group_aggregated CHECK (
                aggregator_job IS NULL OR state IN ('pending_aggregation', 'completed', 'failed')),
            CONSTRAINT job_group_completed CHECK (
                (state = 'completed') = (result_sha256 IS NOT NULL)
                AND (result_sha256 IS NULL) = (result_size IS NULL)
                AND (state <> 'completed' OR aggregator_job IS NOT NULL)),
            CONSTRAINT job_group_failed CHECK ((state = 'failed') = (failure IS NOT NULL)),
            CONSTRAINT job_group_cancelled CHECK (cancelled_at IS NULL OR state = 'failed')
        ) WITH (fillfactor = 70);
        CREATE INDEX job_group_owner ON job_group (owner_id, id);
        CREATE INDEX job_group_aggregator ON job_group (aggregator_sha256);
        CREATE INDEX job_group_result ON job_group (result_sha256) WHERE result_sha256 IS NOT NULL;
        CREATE INDEX job_group_waiting ON job_group (id) WHERE state = 'pending_aggregation';

        -- A job that is not ready awaits its files. A job of a group is a member, the aggregator, or was replaced.
        ALTER TABLE job ADD is_ready bool NOT NULL DEFAULT true, ADD group_id int8 REFERENCES job_group,
            ADD CONSTRAINT job_ready CHECK (is_ready OR state IN ('submitted', 'failed', 'cancelled'));
        DROP INDEX job_unplanned;
        CREATE INDEX job_unplanned ON job (id) WHERE planned_at IS NULL AND finished_at IS NULL AND is_ready;
        CREATE INDEX job_unready ON job (id) WHERE NOT is_ready AND finished_at IS NULL;
        CREATE INDEX job_simple ON job (owner_id, id) WHERE group_id IS NULL;
        CREATE INDEX job_of_group ON job (group_id) WHERE group_id IS NOT NULL;

        CREATE TABLE group_member (
            group_id int8 NOT NULL REFERENCES job_group ON DELETE CASCADE,
            ordinal int4 NOT NULL CHECK (ordinal > 0),
            job_id int8 NOT NULL UNIQUE REFERENCES job,
            PRIMARY KEY (group_id, ordinal)
        );

        CREATE FUNCTION follow_member() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            lost CONSTANT int4 := (NEW.exit_status IS DISTINCT FROM 0)::int4;
        BEGIN
            IF NOT EXISTS (SELECT FROM group_member WHERE group_id = NEW.group_id AND job_id = NEW.id) THEN
                RETURN NULL;
            END IF;
            IF NEW.finished_at IS NULL THEN
                UPDATE job_group SET state = 'running'
                WHERE id = NEW.group_id AND state = 'submitted' AND NEW.state = 'running';
                RETURN NULL;
            END IF;
            UPDATE job_group SET
                unfinished = unfinished - 1,
                unsuccessful = unsuccessful + lost,
                state = CASE
                    WHEN unfinished > 1 THEN 'running'
                    WHEN unsuccessful + lost > 0 THEN 'failed'
                    ELSE 'pending_aggregation' END::group_state,
                finished_at = CASE WHEN unfinished = 1 AND unsuccessful + lost > 0 THEN clock_timestamp() END,
                failure = CASE WHEN unfinished = 1 AND unsuccessful + lost > 0 THEN format(
                    'Not all of its jobs have ended well: %s of %s. Each of those can be retried by itself.',
                    unsuccessful + lost, member_count) END
            WHERE id = NEW.group_id AND finished_at IS NULL;
            RETURN NULL;
        END $$;
        CREATE TRIGGER job_follow_member AFTER UPDATE OF state ON job FOR EACH ROW
            WHEN (NEW.group_id IS NOT NULL AND NEW.state IS DISTINCT FROM OLD.state) EXECUTE FUNCTION follow_member();
        """
}
