"""Keeping customers: who may be leaving and why, how customers fall into segments, and which offers pay with whom."""
