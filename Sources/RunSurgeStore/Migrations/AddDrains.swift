import PostgreSQL

struct AddDrains: Migration {
    let number = 10
    let name = "drains"
    let sql = """
        ALTER TABLE node ADD is_draining bool NOT NULL DEFAULT false;
        CREATE INDEX node_draining ON node (id) WHERE is_draining;
        """
}
