import PostgreSQL

struct CreateTerms: Migration {
    let number = 2
    let name = "terms"
    // 1381184582 is "RSTF". The shared lock is held to the end of the writing transaction, and a new term takes it
    // exclusively: whoever passed the fence has committed before the next term begins.
    let sql = """
        CREATE TABLE master_term (
            term int8 PRIMARY KEY CHECK (term > 0),
            started_at timestamptz NOT NULL DEFAULT clock_timestamp()
        );

        CREATE FUNCTION begin_term() RETURNS int8 LANGUAGE plpgsql AS $$
        DECLARE
            given int8;
        BEGIN
            PERFORM pg_advisory_xact_lock(1381184582, 'master_term'::regclass::oid::int4);
            INSERT INTO master_term (term) SELECT coalesce(max(term), 0) + 1 FROM master_term RETURNING term INTO given;
            RETURN given;
        END $$;

        CREATE FUNCTION fence(given int8) RETURNS void LANGUAGE plpgsql AS $$
        DECLARE
            newest int8;
        BEGIN
            PERFORM pg_advisory_xact_lock_shared(1381184582, 'master_term'::regclass::oid::int4);
            SELECT max(term) INTO newest FROM master_term;
            IF newest IS DISTINCT FROM given THEN
                RAISE EXCEPTION 'term % is over', given USING ERRCODE = 'RS001', DETAIL = coalesce(newest, 0)::text;
            END IF;
        END $$;
        """
}
