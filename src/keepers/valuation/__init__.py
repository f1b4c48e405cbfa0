"""Lifetime value: behaviour times spend times margin, discounted."""
