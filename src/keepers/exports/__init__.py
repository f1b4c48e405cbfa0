"""Destinations of results: files that other programs open."""
