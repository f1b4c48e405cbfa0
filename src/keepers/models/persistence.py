"""Saved models: versioned JSON, written beside its place and then renamed, so that a file is whole or not there."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keepers.domain.errors import InputError

FORMAT = "keepers-model"
VERSION = 1


def write(path: str | os.PathLike[str], model: Mapping[str, Any]) -> Path:
    """Write a model's numbers and words.

    Parameters
    ----------
    path : path
        Where to; its folder must exist.
    model : mapping
        What `Model.to_dict` gives.
    """
    target = Path(path)
    # NaN is not JSON; a number that is not finite is refused here rather than found by another program later.
    text = json.dumps({"format": FORMAT, "version": VERSION, **model}, indent=1, allow_nan=False)
    handle, beside = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text + "\n")
        Path(beside).chmod(0o644)
        Path(beside).replace(target)
    finally:
        Path(beside).unlink(missing_ok=True)
    return target


def read(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read what `write` wrote.

    Raises
    ------
    InputError
        If the file is not a saved model or is of a later version.
    """
    target = Path(path)
    try:
        data = json.loads(target.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"There is no saved model at {target}. Save one with `model.save({str(target)!r})`.") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"{target} cannot be read as a saved model: {error}.") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise InputError(f"{target} is JSON, but not a saved model of Keepers (no format {FORMAT!r} in it).")
    if not isinstance(data.get("version"), int) or not 1 <= data["version"] <= VERSION:
        raise InputError(
            f"{target} has version {data.get('version')!r} of the format; this Keepers reads 1 to {VERSION}. "
            "Update Keepers, or fit and save the model again."
        )
    return data
