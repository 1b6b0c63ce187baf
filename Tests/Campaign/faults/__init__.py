"""What is done to the cluster. Each module holds faults of one kind; `catalogue` lists them."""
