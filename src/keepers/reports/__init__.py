"""Charts, tables and the report that a person reads."""
