import PostgreSQL

struct CreateIdempotencyKeys: Migration {
    let number = 13
    let name = "idempotency keys"
    // A row is written with its effect: without an answer it is seen by nobody but the transaction that writes it.
    let sql = """
        CREATE TABLE idempotency_key (
            owner_id int8 NOT NULL REFERENCES app_user ON DELETE CASCADE,
            key text NOT NULL CHECK (octet_length(key) BETWEEN 1 AND 255),
            operation text NOT NULL,
            digest bytea NOT NULL CHECK (octet_length(digest) = 32),
            status int2 CHECK (status BETWEEN 200 AND 299),
            body bytea CHECK (octet_length(body) <= 1048576),
            created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            PRIMARY KEY (owner_id, key),
            CONSTRAINT idempotency_key_answer CHECK ((status IS NULL) = (body IS NULL))
        );
        CREATE INDEX idempotency_key_age ON idempotency_key (created_at);
        """
}
