"""SQL templates of the way from raw tables to canonical ones."""
