import PostgreSQL

struct CreateNodeLog: Migration {
    let number = 8
    let name = "node log"
    // Only ever appended to, a partition a day, so that old history is dropped and not deleted. It names nodes without
    // a foreign key: what happened stays true when the node is removed. 1381191244 is "RSNL".
    let sql = """
        CREATE TYPE node_event AS ENUM ('attached', 'unreachable', 'dead', 'left', 'draining', 'revoked');

        CREATE TABLE node_log (
            node_id int8 NOT NULL,
            at timestamptz NOT NULL,
            kind node_event NOT NULL,
            term int8 NOT NULL,
            slots int4 NOT NULL CHECK (slots >= 0),
            memory int8 NOT NULL CHECK (memory >= 0),
            detail text NOT NULL CHECK (length(detail) <= 2000),
            PRIMARY KEY (node_id, at)
        ) PARTITION BY RANGE (at);
        CREATE TABLE node_log_other PARTITION OF node_log DEFAULT;

        -- Makes the partitions of today and of the two days to come. What arrived while one was missing moves into it.
        CREATE FUNCTION extend_node_log() RETURNS void LANGUAGE plpgsql AS $$
        DECLARE
            today CONSTANT date := (clock_timestamp() AT TIME ZONE 'UTC')::date;
            part text;
            starts timestamptz;
            ends timestamptz;
        BEGIN
            FOR day IN 0..2 LOOP
                part := 'node_log_' || to_char(today + day, 'YYYYMMDD');
                CONTINUE WHEN to_regclass(part) IS NOT NULL;
                PERFORM pg_advisory_xact_lock(1381191244, 'node_log'::regclass::oid::int4);
                CONTINUE WHEN to_regclass(part) IS NOT NULL;
                starts := (today + day)::timestamp AT TIME ZONE 'UTC';
                ends := (today + day + 1)::timestamp AT TIME ZONE 'UTC';
                EXECUTE format('CREATE TABLE %I (LIKE node_log INCLUDING ALL)', part);
                EXECUTE format(
                    'WITH moved AS (DELETE FROM node_log_other WHERE at >= %L AND at < %L RETURNING *)
                        INSERT INTO %I SELECT * FROM moved', starts, ends, part);
                EXECUTE format(
                    'ALTER TABLE node_log ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', part, starts, ends);
            END LOOP;
        END $$;

        -- Drops the days that had ended by then; how many.
        CREATE FUNCTION trim_node_log(bound timestamptz) RETURNS int8 LANGUAGE plpgsql AS $$
        DECLARE
            part record;
            dropped int8 := 0;
        BEGIN
            FOR part IN
                SELECT c.oid::regclass AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                WHERE i.inhparent = 'node_log'::regclass AND c.relname ~ '^node_log_[0-9]{8}$'
                    AND (to_date(right(c.relname, 8), 'YYYYMMDD') + 1)::timestamp AT TIME ZONE 'UTC' <= bound
            LOOP
                EXECUTE format('DROP TABLE %s', part.name);
                dropped := dropped + 1;
            END LOOP;
            DELETE FROM node_log_other WHERE at < bound;
            RETURN dropped;
        END $$;
        """
}
