"""From an older schema of the state to today's, by Alembic, when a state is opened."""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from keepers.domain.errors import ConfigError
from keepers.storage.schema import HEAD

_STEPS = Path(__file__).parent / "migrations"


def revision(connection: Connection) -> str | None:
    """The schema that a database has; None where it has none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def upgrade(connection: Connection, where: str) -> bool:
    """Bring a database to today's schema inside the connection's transaction; gives back whether anything was to do.

    Raises
    ------
    ConfigError
        If a newer Keepers wrote it.
    """
    found = revision(connection)
    if found == HEAD:
        return False
    # Loaded here, as nearly every run finds today's schema.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(_STEPS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    if found is not None and found not in {
        step.revision for step in ScriptDirectory.from_config(config).walk_revisions()
    }:
        raise _newer(found, where)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    return True


def _newer(found: str, where: str) -> ConfigError:
    number = found if re.fullmatch(r"\d+", found) else repr(found)
    return ConfigError(
        f"The state ({where}) was written by a newer Keepers (schema {number}; this one knows up to {HEAD}). Update "
        "Keepers: pip install --upgrade keepers. Nothing was changed."
    )
