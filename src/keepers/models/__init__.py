"""Summaries to fitted behaviour."""
