"""From the URL of an engine to the engine: those of the house, and those of installed packages."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata
from typing import Any

from keepers.data.backends.backend import Backend
from keepers.domain.errors import ConfigError

GROUP = "keepers.engines"
"""Entry points of packages that bring an engine, named by the scheme of its URLs."""

OWN = ("duckdb", "postgresql", "spark")
"""Schemes of the engines of the house."""


def backend_of(url: str, options: Mapping[str, Any]) -> Backend:
    """The engine that a URL names, with a session begun.

    Raises
    ------
    ConfigError
        No engine has such URLs, or an option is none of its own.
    EngineError
        It cannot be reached.
    MissingExtraError
        What it needs is not installed.
    """
    scheme = url.partition(":")[0].lower()
    made = _own(scheme) or _of_a_package(scheme)
    if made is None:
        known = ", ".join(f"{name}://" for name in (*OWN, *sorted(_packages())))
        raise ConfigError(
            f"There is no engine for {url.partition('@')[0]!r}. Engines are named by URLs that begin with one of: "
            f"{known}. For example postgresql://user@host/database, or spark://local[2]."
        )
    try:
        backend = made(url, **options)
    except TypeError as error:
        raise ConfigError(
            f"The engine {scheme} does not take the options {', '.join(options)}: {error}. Look at [engine] in "
            "keepers.toml."
        ) from error
    assert isinstance(backend, Backend)
    return backend


def _own(scheme: str) -> Any:
    if scheme in ("postgresql", "postgres"):
        from keepers.data.backends.postgres import Postgres

        return Postgres
    if scheme == "spark":
        from keepers.data.backends.spark import Spark

        return Spark
    if scheme == "duckdb":
        from keepers.data.backends.embedded import Embedded

        return lambda url, schema="keepers", **options: Embedded(**options)  # noqa: ARG005
    return None


def _packages() -> dict[str, metadata.EntryPoint]:
    return {point.name: point for point in metadata.entry_points(group=GROUP)}


def _of_a_package(scheme: str) -> Any:
    point = _packages().get(scheme)
    return None if point is None else point.load()
