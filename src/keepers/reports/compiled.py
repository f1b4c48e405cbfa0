"""Compiled templates kept beside their text, as Python keeps its own: compiling those of a report takes a third of a
second, and reading them again a hundredth."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from importlib.util import cache_from_source
from pathlib import Path

import jinja2
from jinja2.bccache import Bucket

from keepers.domain.version import VERSION


class Kept(jinja2.BytecodeCache):
    """Code of the templates of a folder, in its ``__pycache__`` (or where Python was told to keep code).

    Where nobody may write, or Python was told to keep none, templates are compiled when they are needed. What is kept
    counts for the same text, Python, Jinja and Keepers alone.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._versions = re.sub(r"\W", "", f"jinja{jinja2.__version__}keepers{VERSION}")

    def _path(self, bucket: Bucket) -> Path:
        return Path(cache_from_source(str(self._folder / f"{bucket.key}.html"), optimization=self._versions))

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill the bucket with what is kept; it stays empty where that is of another text."""
        with contextlib.suppress(OSError), self._path(bucket).open("rb") as file:
            bucket.load_bytecode(file)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the bucket's code, whole or not at all."""
        if sys.dont_write_bytecode:
            return
        path = self._path(bucket)
        beside = path.with_name(f"{path.name}.{os.getpid()}")
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                with beside.open("wb") as file:
                    bucket.write_bytecode(file)
                beside.replace(path)
            finally:
                beside.unlink(missing_ok=True)
