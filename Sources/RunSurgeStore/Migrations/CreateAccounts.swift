import PostgreSQL

struct CreateAccounts: Migration {
    let number = 1
    let name = "accounts"
    let sql = """
        CREATE TABLE app_user (
            id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            username text NOT NULL CHECK (length(username) BETWEEN 1 AND 255),
            email text NOT NULL CHECK (length(email) BETWEEN 1 AND 320),
            password_hash text NOT NULL,
            created_at timestamptz NOT NULL DEFAULT clock_timestamp()
        );
        CREATE UNIQUE INDEX app_user_username ON app_user (lower(username));
        CREATE UNIQUE INDEX app_user_email ON app_user (lower(email));

        -- A token is spent when it has a successor; a family descends from one login.
        CREATE TABLE refresh_token (
            hash bytea PRIMARY KEY CHECK (octet_length(hash) BETWEEN 16 AND 64),
            family text NOT NULL,
            user_id int8 NOT NULL REFERENCES app_user ON DELETE CASCADE,
            expires_at timestamptz NOT NULL,
            successor bytea,
            revoked_at timestamptz
        );
        CREATE INDEX refresh_token_family ON refresh_token (family);
        CREATE INDEX refresh_token_user ON refresh_token (user_id);
        """
}
