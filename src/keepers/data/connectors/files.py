"""Files elsewhere (a bucket, a web address, a shared folder), copied when they are new or have changed."""

from __future__ import annotations

import contextlib
import hashlib
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from keepers.data.connectors import walk
from keepers.data.connectors.kept import Kept
from keepers.data.connectors.pull import Pulled, locked
from keepers.domain.errors import ConfigError, EngineError, InputError, MissingExtraError
from keepers.domain.ports import Progress

_PIECE = 2**20


@dataclass(frozen=True)
class FileSource:
    """Files as they are pulled, with secrets; it is made for one pull and kept nowhere.

    Parameters
    ----------
    name : str
        The owner's name for them.
    url : str
        ``s3://bucket/exports/*.csv``, ``https://host/orders.csv``, a folder, or a pattern within one.
    options : mapping
        Of the file system, such as ``key`` and ``secret`` of S3; for web addresses headers.
    """

    name: str
    url: str = field(repr=False)
    options: Mapping[str, str] = field(default_factory=dict, repr=False)


def pull_files(source: FileSource, folder: Path, progress: Progress, anew: bool = False) -> Pulled:
    """Copy files that are new or have changed; what is gone there stays here, as exports are often cleared away.

    Raises
    ------
    KeepersError
        The place cannot be reached, or has no such file.
    """
    with locked(folder, source.name):
        kept = Kept(folder)
        if source.url.startswith(("http://", "https://")):
            copied = _from_web(source, kept, folder, progress, anew)
        else:
            copied = _from_file_system(source, kept, folder, progress, anew)
        count = sum(not path.name.startswith(".") for path in folder.iterdir())
    return Pulled(copied, {}, files=count)


def _from_web(source: FileSource, kept: Kept, folder: Path, progress: Progress, anew: bool) -> int:
    """One file of a web address, if it is another one than last time."""
    try:
        from dlt.sources.helpers.requests import Client, RequestException
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name or "dlt", "connectors", "Pulling files") from None
    known = {} if anew else kept.value("web")
    asked = dict(source.options)
    if known:
        asked |= {
            name: known[key] for name, key in (("If-None-Match", "etag"), ("If-Modified-Since", "at")) if known.get(key)
        }
    name = _safe(unquote(urlsplit(source.url).path.rsplit("/", 1)[-1]) or "download.csv")
    progress(f"Asking for {name}", None)
    session = Client(
        raise_for_status=False, request_max_attempts=walk.ATTEMPTS, request_backoff_factor=walk.BACKOFF,
        request_max_retry_delay=walk.LONGEST_WAIT,
    ).session  # fmt: skip
    walk.alone(session, source.url)
    try:
        with session, session.get(source.url, headers=asked, stream=True) as answer:
            if answer.status_code == 304 and (folder / name).exists():
                return 0
            if answer.status_code >= 500:
                raise EngineError(f"{name} cannot be had now ({answer.status_code}). Try later.")
            if answer.status_code >= 400:
                raise InputError(f"{name} cannot be had ({answer.status_code}). Check `url`, and what `options` say.")
            with _placed(folder / name) as beside, beside.open("wb") as file:
                for piece in answer.iter_content(_PIECE):
                    file.write(piece)
            changed = kept.value("web").get("digest") != (digest := _digest(folder / name))
            etag, at = answer.headers.get("ETag"), answer.headers.get("Last-Modified")
            kept.set_value("web", {"etag": etag, "at": at, "digest": digest})
            return int(changed)
    except RequestException as error:
        raise EngineError(f"{name} cannot be had ({type(error).__name__}). Try later, or check `url`.") from None


def _from_file_system(source: FileSource, kept: Kept, folder: Path, progress: Progress, anew: bool) -> int:
    try:
        from fsspec.core import url_to_fs
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name or "fsspec", "connectors", "Pulling files") from None
    scheme = source.url.partition("://")[0] if "://" in source.url else "file"
    try:
        system, path = url_to_fs(source.url, **source.options)
        found = _found(system, path)
    except (ImportError, ValueError) as error:
        raise ConfigError(f"Files of {scheme}:// need a library of their own: {error}") from None
    except PermissionError:
        raise ConfigError(f"The files at {scheme}:// may not be read. Check what `options` say.") from None
    except OSError as error:
        raise EngineError(f"The files at {scheme}:// cannot be listed ({_reason(error)}). Try later.") from None
    if not found:
        raise InputError(f"There is no file like the `url` of {source.name}. Check the pattern and the folder.")
    copied = 0
    seen = {} if anew else dict(kept.value("files"))
    for one, told in found.items():
        name = _safe(one)
        mark = str([told.get(key) for key in ("ETag", "etag", "LastModified", "mtime", "last_modified", "size")])
        if seen.get(name) == mark and (folder / name).exists():
            continue
        progress(f"Copying {name}", None)
        try:
            with _placed(folder / name) as beside, system.open(told["name"], "rb") as there, beside.open("wb") as here:
                shutil.copyfileobj(there, here, _PIECE)
        except OSError as error:
            raise EngineError(f"{name} cannot be copied ({_reason(error)}). What was copied before stays.") from None
        seen[name] = mark
        kept.set_value("files", seen)
        copied += 1
    return copied


def _found(system: Any, path: str) -> dict[str, dict[str, Any]]:
    """Files by their name below the place that was given."""
    listed: dict[str, dict[str, Any]]
    if any(sign in path for sign in "*?["):
        listed = system.glob(path, detail=True)
        root = re.split(r"[*?\[]", path, maxsplit=1)[0].rpartition("/")[0]
    elif system.isdir(path):
        listed, root = system.find(path, detail=True), path
    else:
        listed, root = {path: system.info(path)} if system.exists(path) else {}, path.rpartition("/")[0]
    return {
        place.removeprefix(root).strip("/"): told
        for place, told in listed.items()
        if told.get("type") != "directory" and not any(part.startswith(".") for part in place.split("/")[-1:])
    }


@contextlib.contextmanager
def _placed(path: Path) -> Iterator[Path]:
    """A file in its place, whole or not at all."""
    beside = path.with_name(f".{path.name}.part")
    try:
        yield beside
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _safe(place: str) -> str:
    """One name for a place below a folder; folders stay visible in it."""
    return re.sub(r"[^\w.() -]+", "_", place.strip("/").replace("/", "__")).lstrip(".") or "file"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
