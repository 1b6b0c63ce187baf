import PostgreSQL

struct AddAccess: Migration {
    let number = 15
    let name = "access"
    // A family of refresh tokens is a session, which is what is revoked. "!" is no password's hash: such an account
    // belongs to the cluster itself.
    let sql = """
        CREATE TYPE user_role AS ENUM ('user', 'administrator');
        ALTER TABLE app_user ADD role user_role NOT NULL DEFAULT 'user',
            ADD blob_quota int8 CHECK (blob_quota >= 0), ADD job_quota int8 CHECK (job_quota >= 0),
            ADD CONSTRAINT app_user_quota CHECK ((blob_quota IS NULL) = (job_quota IS NULL));
        UPDATE app_user SET role = 'administrator'
            WHERE password_hash = '!' OR id = (SELECT min(id) FROM app_user WHERE password_hash <> '!');
        CREATE INDEX job_unfinished_of_owner ON job (owner_id) WHERE finished_at IS NULL;

        CREATE TABLE login_session (
            id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            family text NOT NULL UNIQUE,
            user_id int8 NOT NULL REFERENCES app_user ON DELETE CASCADE,
            address text,
            user_agent text CHECK (length(user_agent) <= 255),
            created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            last_used_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            expires_at timestamptz NOT NULL,
            revoked_at timestamptz
        );
        CREATE INDEX login_session_user ON login_session (user_id, id);
        INSERT INTO login_session (family, user_id, expires_at, revoked_at)
            SELECT family, min(user_id), max(expires_at), max(revoked_at) FROM refresh_token GROUP BY family;
        ALTER TABLE refresh_token ADD session_id int8 REFERENCES login_session ON DELETE CASCADE;
        UPDATE refresh_token t SET session_id = s.id FROM login_session s WHERE s.family = t.family;
        ALTER TABLE refresh_token ALTER session_id SET NOT NULL, DROP family, DROP user_id, DROP revoked_at;
        CREATE INDEX refresh_token_session ON refresh_token (session_id);
        CREATE INDEX refresh_token_expiry ON refresh_token (expires_at);
        CREATE INDEX login_session_expiry ON login_session (expires_at);

        CREATE TABLE api_token (
            id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            hash bytea NOT NULL UNIQUE CHECK (octet_length(hash) BETWEEN 16 AND 64),
            owner_id int8 NOT NULL REFERENCES app_user ON DELETE CASCADE,
            name text NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
            created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            last_used_at timestamptz,
            expires_at timestamptz,
            revoked_at timestamptz
        );
        CREATE INDEX api_token_owner ON api_token (owner_id, id);

        -- The only change there is: that its user was removed.
        CREATE FUNCTION keep_audit() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'UPDATE' AND NEW.user_id IS NULL
                AND (NEW.id, NEW.at, NEW.action, NEW.subject) = (OLD.id, OLD.at, OLD.action, OLD.subject)
                AND NEW.address IS NOT DISTINCT FROM OLD.address
            THEN
                RETURN NEW;
            END IF;
            RAISE EXCEPTION 'the audit is only added to';
        END $$;
        CREATE TRIGGER audit_log_keep BEFORE UPDATE OR DELETE ON audit_log FOR EACH ROW EXECUTE FUNCTION keep_audit();
        """
}
