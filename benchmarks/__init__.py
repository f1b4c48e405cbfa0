"""Benchmarks: Keepers against its peers in the same run; see `python -m benchmarks --help`."""
