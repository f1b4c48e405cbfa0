"""Imports in the background, while the engine works: it needs no Python, and imports are a fifth of a short run."""

from __future__ import annotations

import contextlib
import importlib
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType

_REST = ("f2py", "testing")


@contextlib.contextmanager
def importing(modules: Sequence[str], then: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Import modules beside what is done inside, call `then`, and be through with both at its end.

    A module that cannot be imported says so where it is imported again to be used, and so does what `then` does.
    """
    thread = threading.Thread(target=_import, args=(modules, then), name="imports", daemon=True)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _import(modules: Sequence[str], then: Callable[[], None]) -> None:
    if "scipy.special" not in sys.modules:
        with contextlib.suppress(Exception), _without_rest():
            importlib.import_module("scipy.special")
    for module in modules:
        with contextlib.suppress(Exception):
            importlib.import_module(module)
    with contextlib.suppress(Exception):
        then()


@contextlib.contextmanager
def _without_rest() -> Iterator[None]:
    """Keep a reader of Fortran and tools for tests out meanwhile: scipy takes over all names of numpy, and these load
    for an eighth of a second what nobody calls. Whoever imports them later gets them."""
    import numpy

    absent = [name for name in _REST if f"numpy.{name}" not in sys.modules]
    for name in absent:
        stand_in = ModuleType(f"numpy.{name}")
        sys.modules[f"numpy.{name}"] = stand_in
        setattr(numpy, name, stand_in)
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[f"numpy.{name}"]
            delattr(numpy, name)
