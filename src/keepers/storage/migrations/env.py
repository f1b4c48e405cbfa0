"""Where Alembic finds the connection that `keepers.storage.upgrade` hands over."""

from __future__ import annotations

from alembic import context

from keepers.storage.schema import METADATA


def _carry_out() -> None:
    context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
    context.run_migrations()


# Alembic runs this file and only then is there a configuration; whoever imports it otherwise wants nothing done.
if hasattr(context, "config"):
    _carry_out()
