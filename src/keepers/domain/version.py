"""The version of Keepers, as the installed distribution says it."""

from importlib.metadata import version

VERSION = version("keepers")
"""For example 0.1.0."""
