import PostgreSQL

struct CreateUsage: Migration {
    let number = 14
    let name = "usage"
    // An entry is one node's part in one region of a job (0: its driver): a row however many chunks that is, updated in
    // place by each transaction that accepts some of them. Memory time is in KiB × microseconds; 6,144,000,000 of them
    // at a factor of one thousandth are a micro-unit. What is paid never changes.
    let sql = """
        ALTER TABLE node ADD price_factor int4 NOT NULL DEFAULT 1000 CHECK (price_factor BETWEEN 0 AND 1000000);
        ALTER TABLE chunk_result ADD average_bytes int8 NOT NULL DEFAULT 0;

        CREATE TABLE payment (
            id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            owner_id int8 NOT NULL REFERENCES app_user,
            submission uuid NOT NULL UNIQUE,
            job_id int8 UNIQUE REFERENCES job,
            group_id int8 UNIQUE REFERENCES job_group,
            amount int8 NOT NULL CHECK (amount >= 0),
            paid_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            CONSTRAINT payment_subject CHECK (num_nonnulls(job_id, group_id) = 1)
        );

        CREATE TABLE usage_entry (
            id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            job_id int8 NOT NULL REFERENCES job,
            region_id int8 NOT NULL CHECK (region_id >= 0),
            node_id int8 NOT NULL CHECK (node_id >= 0),
            factor int4 NOT NULL,
            group_id int8,
            payer_id int8 NOT NULL,
            earner_id int8,
            chunks int8 NOT NULL CHECK (chunks > 0),
            active_microseconds int8 NOT NULL CHECK (active_microseconds >= 0),
            memory_time int8 NOT NULL CHECK (memory_time >= 0),
            amount int8 NOT NULL GENERATED ALWAYS AS (
                least(div(memory_time::numeric * factor, 6144000000), 9223372036854775807)::int8) STORED,
            first_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            last_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            payment_id int8 REFERENCES payment,
            UNIQUE (job_id, region_id, node_id, factor)
        ) WITH (fillfactor = 50);
        CREATE INDEX usage_entry_group ON usage_entry (group_id, id) WHERE group_id IS NOT NULL;
        CREATE INDEX usage_entry_earner ON usage_entry (earner_id, node_id, id) WHERE earner_id IS NOT NULL;
        """
}
