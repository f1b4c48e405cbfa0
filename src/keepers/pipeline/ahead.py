"""Imports in the background, while the engine reads: it needs no Python, and imports are a fifth of a short run."""

from __future__ import annotations

import contextlib
import importlib
import threading
from collections.abc import Iterator, Sequence


@contextlib.contextmanager
def importing(modules: Sequence[str]) -> Iterator[None]:
    """Import modules beside what is done inside, and be through with them at its end.

    A module that cannot be imported says so where it is imported again to be used.
    """
    thread = threading.Thread(target=_import, args=(modules,), name="imports", daemon=True)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _import(modules: Sequence[str]) -> None:
    for module in modules:
        with contextlib.suppress(Exception):
            importlib.import_module(module)
