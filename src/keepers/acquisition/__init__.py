"""Acquisition: what channels, campaigns and leads are worth, and where the next euro goes."""
