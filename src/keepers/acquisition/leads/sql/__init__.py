"""SQL templates of leads."""
