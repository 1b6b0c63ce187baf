import PostgreSQL

struct CreateNodes: Migration {
    let number = 5
    let name = "nodes"
    // Heartbeats and accepted results write different tables, so that neither waits for the other.
    let sql = """
        CREATE TABLE node (
            id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            owner_id int8 REFERENCES app_user,
            name text NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
            slots int4 NOT NULL CHECK (slots >= 0),
            memory int8 NOT NULL CHECK (memory >= 0),
            is_alive bool NOT NULL DEFAULT true,
            created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            last_seen_at timestamptz NOT NULL DEFAULT clock_timestamp()
        ) WITH (fillfactor = 50);
        CREATE UNIQUE INDEX node_name ON node (coalesce(owner_id, 0), name);

        CREATE TABLE node_total (
            node_id int8 PRIMARY KEY REFERENCES node ON DELETE CASCADE,
            completed_chunks int8 NOT NULL DEFAULT 0
        ) WITH (fillfactor = 50);
        """
}
