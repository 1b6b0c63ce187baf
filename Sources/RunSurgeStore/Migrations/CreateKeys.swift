import PostgreSQL

struct CreateKeys: Migration {
    let number = 7
    let name = "keys"
    // One valid key speaks for a node: revoking it ends what the node may do, and a stolen name gets nobody in.
    let sql = """
        CREATE TYPE key_kind AS ENUM ('worker', 'monitor');

        CREATE TABLE node_key (
            id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            public_key bytea NOT NULL UNIQUE CHECK (octet_length(public_key) = 32),
            kind key_kind NOT NULL,
            node_id int8 REFERENCES node ON DELETE CASCADE,
            owner_id int8 NOT NULL REFERENCES app_user ON DELETE CASCADE,
            name text NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
            created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            revoked_at timestamptz,
            CHECK ((kind = 'worker') = (node_id IS NOT NULL))
        );
        CREATE UNIQUE INDEX node_key_valid ON node_key (node_id) WHERE revoked_at IS NULL;
        CREATE INDEX node_key_node ON node_key (node_id);
        CREATE INDEX node_key_owner ON node_key (owner_id, id);

        -- A token is spent when it has a key.
        CREATE TABLE enrolment_token (
            hash bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
            kind key_kind NOT NULL,
            owner_id int8 NOT NULL REFERENCES app_user ON DELETE CASCADE,
            created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            expires_at timestamptz NOT NULL,
            key_id int8 REFERENCES node_key ON DELETE CASCADE
        );
        CREATE INDEX enrolment_token_owner ON enrolment_token (owner_id);
        CREATE INDEX enrolment_token_key ON enrolment_token (key_id);

        CREATE TABLE server_key (
            public_key bytea PRIMARY KEY CHECK (octet_length(public_key) = 32),
            is_current bool NOT NULL,
            announced_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            retired_at timestamptz
        );

        CREATE TABLE audit_log (
            id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            at timestamptz NOT NULL DEFAULT clock_timestamp(),
            user_id int8 REFERENCES app_user ON DELETE SET NULL,
            action text NOT NULL,
            subject text NOT NULL,
            address text
        );
        CREATE INDEX audit_log_user ON audit_log (user_id, id);
        """
}
