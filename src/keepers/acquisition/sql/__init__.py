"""Queries of the acquisition room, run inside the engine."""
