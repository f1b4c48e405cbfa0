"""Keepers: what every customer is worth over their life with a business, how sure that is, and what to do about it."""
