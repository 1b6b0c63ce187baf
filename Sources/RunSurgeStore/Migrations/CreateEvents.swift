import PostgreSQL

struct CreateEvents: Migration {
    let number = 16
    let name = "events"
    // Transactions commit in another order than they began, so a number from a sequence may appear after a greater one
    // was read. The order is that of the transactions' numbers instead, and only those older than every one that still
    // runs are read: nothing can come before them any more.
    let sql = """
        CREATE TYPE event_kind AS ENUM ('job', 'group', 'node');

        CREATE TABLE event (
            xid int8 NOT NULL DEFAULT pg_current_xact_id()::text::int8,
            id int8 GENERATED ALWAYS AS IDENTITY,
            owner_id int8,
            kind event_kind NOT NULL,
            subject_id int8 NOT NULL,
            state text NOT NULL,
            at timestamptz NOT NULL DEFAULT clock_timestamp(),
            PRIMARY KEY (xid, id)
        );
        CREATE INDEX event_owner ON event (owner_id, xid, id);

        CREATE FUNCTION note_new_jobs() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO event (owner_id, kind, subject_id, state) SELECT owner_id, 'job', id, state FROM added;
            RETURN NULL;
        END $$;
        CREATE TRIGGER job_note_new AFTER INSERT ON job REFERENCING NEW TABLE AS added
            FOR EACH STATEMENT EXECUTE FUNCTION note_new_jobs();

        CREATE FUNCTION note_job() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO event (owner_id, kind, subject_id, state) VALUES (NEW.owner_id, 'job', NEW.id, NEW.state);
            RETURN NULL;
        END $$;
        CREATE TRIGGER job_note AFTER UPDATE OF state ON job FOR EACH ROW
            WHEN (NEW.state IS DISTINCT FROM OLD.state) EXECUTE FUNCTION note_job();

        CREATE FUNCTION note_group() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO event (owner_id, kind, subject_id, state) VALUES (NEW.owner_id, 'group', NEW.id, NEW.state);
            RETURN NULL;
        END $$;
        CREATE TRIGGER job_group_note_new AFTER INSERT ON job_group FOR EACH ROW EXECUTE FUNCTION note_group();
        CREATE TRIGGER job_group_note AFTER UPDATE OF state ON job_group FOR EACH ROW
            WHEN (NEW.state IS DISTINCT FROM OLD.state) EXECUTE FUNCTION note_group();

        CREATE FUNCTION node_state(is_alive bool, is_draining bool) RETURNS text LANGUAGE sql IMMUTABLE AS $$
            SELECT CASE WHEN NOT is_alive THEN 'gone' WHEN is_draining THEN 'draining' ELSE 'alive' END
        $$;
        CREATE FUNCTION note_new_nodes() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO event (owner_id, kind, subject_id, state)
            SELECT owner_id, 'node', id, node_state(is_alive, is_draining) FROM added;
            RETURN NULL;
        END $$;
        CREATE TRIGGER node_note_new AFTER INSERT ON node REFERENCING NEW TABLE AS added
            FOR EACH STATEMENT EXECUTE FUNCTION note_new_nodes();
        CREATE FUNCTION note_node() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO event (owner_id, kind, subject_id, state)
            VALUES (NEW.owner_id, 'node', NEW.id, node_state(NEW.is_alive, NEW.is_draining));
            RETURN NULL;
        END $$;
        CREATE TRIGGER node_note AFTER UPDATE OF is_alive, is_draining ON node FOR EACH ROW
            WHEN ((NEW.is_alive, NEW.is_draining) IS DISTINCT FROM (OLD.is_alive, OLD.is_draining))
            EXECUTE FUNCTION note_node();
        """
}
