"""Queries of the retention room, run inside the engine."""
