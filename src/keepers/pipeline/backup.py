"""A project as one file, of one moment, made while it works; and a project made of such a file, whole or not at all."""

from __future__ import annotations

import contextlib
import datetime as dt
import glob
import hashlib
import io
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from keepers.domain.errors import ConfigError
from keepers.domain.version import VERSION
from keepers.pipeline.config import FILE
from keepers.pipeline.erase import RESULTS
from keepers.pipeline.halves import RESTORING, left_by_killed
from keepers.pipeline.project import Project, project_of
from keepers.pipeline.secrets import refers

FORMAT = 1
_STATE = ".keepers"
_MANIFEST = "manifest.json"
_DATABASE = "state.db"
_BACKING_UP = ".keepers-backup-"
_NO_ROOM = "Free some space, or name another folder."


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made or read.

    Attributes
    ----------
    path : Path
    made_at : datetime
    files : int
        How many are in it.
    size : int
        Bytes of the backup.
    outside : tuple of str
        Sources of the project that are not in it, as they lie elsewhere.
    """

    path: Path
    made_at: dt.datetime
    files: int
    size: int
    outside: tuple[str, ...] = ()


def back_up(project: Project, path: Path, now: dt.datetime) -> Backup:
    """Write a project into one file, while it may be served and written to.

    In it are keepers.toml, the state as of one moment (users, hashes of tokens, alerts, decisions, received events,
    live values), published scores, uploads, what was pulled, the results that are served, and sources in the folder.
    It names customers. Secrets that keepers.toml refers to are not in it.

    Raises
    ------
    ConfigError
        There is a file of this name already, or it cannot be written.
    """
    if path.exists():
        raise ConfigError(f"{path} is there already. Name another file: nothing is written over.")
    try:
        for left in left_by_killed(path.parent, _BACKING_UP):
            shutil.rmtree(left, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix=f"{_BACKING_UP}{os.getpid()}-", dir=path.parent) as beside:
            copy = Path(beside) / _DATABASE
            with project.open_state() as state:
                state.copy_to(copy)
                snapshots = state.snapshots
                with state.reading() as books:
                    generation = books.live.current()
            served = None if generation is None else Path(generation.folder)
            # Places overlap, as a pattern and the folder that it looks into.
            found = dict([(f"{_STATE}/{_DATABASE}", copy), *_files(project, snapshots, served)])
            whole = Path(beside) / "whole.tar.gz"
            packed = _pack(whole, _manifest(project, now, served), found)
            size = whole.stat().st_size
            whole.replace(path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written ({error.strerror or error}). {_NO_ROOM}") from error
    outside = tuple(place for place in (*project.sources, *project.spend) if _within(project.folder, place) is None)
    return Backup(path, now, packed, size, outside)


def restore(path: Path, folder: Path) -> Backup:
    """Make a project of a backup in a folder that holds none.

    Where its keepers.toml names a database, that must be an empty one, and is filled.

    Raises
    ------
    ConfigError
        The file is no backup or not whole, it is of a newer Keepers, or the folder or the database holds a project.
    """
    for left in left_by_killed(folder, RESTORING):
        _taken_back(left, folder)
    for name in (FILE, _STATE):
        if (folder / name).exists():
            raise ConfigError(f"{folder / name} is there already. Restore into a folder of its own.")
    before = folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    placed: list[Path] = []
    try:
        with tempfile.TemporaryDirectory(prefix=f"{RESTORING}{os.getpid()}-", dir=folder) as beside:
            manifest = _unpack(path, Path(beside))
            _refuse_to_write_over(Path(beside), folder)
            for one in sorted(Path(beside).iterdir()):
                if one.name == _MANIFEST:
                    continue
                placed.extend(_placed(one, folder / one.name))
            # Only where all of it stands goes the folder by which it would be known as a half.
            _brought_up(folder, manifest)
    except BaseException as error:
        for one in reversed(placed):
            shutil.rmtree(one) if one.is_dir() else one.unlink(missing_ok=True)
        if not before:
            shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError):
            raise ConfigError(f"{folder} cannot be written ({error.strerror or error}). {_NO_ROOM}") from error
        raise
    made = dt.datetime.fromisoformat(manifest["made_at"])
    return Backup(path, made, len(manifest["files"]), path.stat().st_size, tuple(manifest["outside"]))


def _taken_back(left: Path, folder: Path) -> None:
    """Remove what a restore had put into a folder that was killed in the middle of it; what was there before stays."""
    with contextlib.suppress(OSError, ValueError, KeyError, AttributeError):
        names = [PurePosixPath(name) for name in json.loads((left / _MANIFEST).read_text(encoding="utf-8"))["files"]]
        for name in names:
            # What it has not moved yet lies beside still.
            if not (name.is_absolute() or ".." in name.parts or (left / name).exists()):
                (folder / name).unlink(missing_ok=True)
        if not (left / _STATE).exists():
            shutil.rmtree(folder / _STATE, ignore_errors=True)
        for place in sorted({folder / one for name in names for one in name.parents if one.parts}, reverse=True):
            with contextlib.suppress(OSError):
                place.rmdir()
    shutil.rmtree(left, ignore_errors=True)


def _files(project: Project, snapshots: Path, served: Path | None) -> Iterator[tuple[str, Path]]:
    """What belongs to a project beside its database: names in the backup, and where they lie."""
    home, state = project.folder.resolve(), (project.folder / _STATE).resolve()
    yield FILE, home / FILE
    results = state / RESULTS
    for one in _below(state):
        if one.name.startswith(f"{_DATABASE}") and one.parent == state:
            continue
        if one.is_relative_to(results):
            continue
        yield f"{_STATE}/{one.relative_to(state).as_posix()}", one
    if not snapshots.resolve().is_relative_to(state):
        yield from ((f"{_STATE}/snapshots/{one.name}", one) for one in _below(snapshots.resolve()))
    if served is not None and served.is_dir():
        for one in _below(served.resolve()):
            yield f"{_STATE}/{RESULTS}/{served.name}/{one.relative_to(served.resolve()).as_posix()}", one
    for place in dict.fromkeys((*project.sources, *project.spend)):
        inside = _within(project.folder, place)
        if inside is not None:
            yield from ((one.relative_to(home).as_posix(), one) for one in _at(home, inside))


def _below(folder: Path) -> list[Path]:
    """Files of a folder; those that are being written are passed over."""
    found = (one for one in sorted(folder.rglob("*")) if one.is_file() and not one.is_symlink())
    return [one for one in found if one.name == ".gitignore" or not one.name.startswith(".")]


def _within(folder: Path, place: str) -> Path | None:
    """Where a source lies, if that is inside the folder; what stands elsewhere (``{env:X}``) is not taken along."""
    home = folder.resolve()
    if "://" in place or refers(place):
        return None
    named = home / Path(place).expanduser()
    file = home / Path(place.rpartition("#")[0]).expanduser()
    if "#" in place and not named.exists() and file.is_file():
        # Sheets or tables stand after it.
        named = file
    found = named.resolve()
    return found if found.is_relative_to(home) and found != home else None


def _at(home: Path, inside: Path) -> list[Path]:
    """Files of a source that lies inside the folder: a file, those of a folder, or those that a pattern names."""
    if inside.is_file():
        return [inside]
    if inside.is_dir():
        return _below(inside)
    named = sorted(glob.glob(str(inside.relative_to(home)), root_dir=home, recursive=True))
    return [path for name in named if (path := home / name).is_file()]


def _manifest(project: Project, now: dt.datetime, served: Path | None) -> dict[str, Any]:
    outside = [place for place in (*project.sources, *project.spend) if _within(project.folder, place) is None]
    return {
        "format": FORMAT, "version": VERSION, "made_at": now.isoformat(), "name": project.name,
        "served": None if served is None else served.name,
        # An address of a database may hold a password.
        "outside": [place for place in outside if "://" not in place],
    }  # fmt: skip


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Summed:
    """A file that is read once: what was read of it, and its sum."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.sum = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        piece = self._file.read(size)
        self.sum.update(piece)
        return piece


def _pack(path: Path, manifest: dict[str, Any], found: Mapping[str, Path]) -> int:
    """Pack files, and last the manifest with the sum of each; gives how many there were."""
    sums = {}
    # Nobody else may read what names customers.
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        with tarfile.open(fileobj=file, mode="w:gz", compresslevel=1, dereference=True) as archive:
            for name, one in found.items():
                # What is served goes on being written: the sum is of what was packed, and what is gone is left out.
                with contextlib.suppress(FileNotFoundError), one.open("rb") as source:
                    read = _Summed(source)
                    archive.addfile(archive.gettarinfo(arcname=name, fileobj=source), read)
                    sums[name] = read.sum.hexdigest()
            described = json.dumps({**manifest, "files": sums}, indent=1).encode()
            last = tarfile.TarInfo(_MANIFEST)
            last.size = len(described)
            archive.addfile(last, io.BytesIO(described))
        file.flush()
        os.fsync(file.fileno())
    return len(sums)


def _unpack(path: Path, into: Path) -> dict[str, Any]:
    """Every file beside where it belongs, held against its sum; gives the manifest."""
    try:
        with tarfile.open(path, "r:gz") as archive:
            archive.extractall(into, filter="data")
    except FileNotFoundError:
        raise ConfigError(f"There is no file {path}.") from None
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ConfigError(f"{path} is no backup of Keepers, or not whole ({error}). Nothing was restored.") from error
    try:
        manifest: dict[str, Any] = json.loads((into / _MANIFEST).read_text(encoding="utf-8"))
        known, kind = manifest["files"], manifest["format"]
    except (OSError, ValueError, KeyError):
        raise ConfigError(f"{path} is no backup of Keepers. Nothing was restored.") from None
    if kind > FORMAT:
        raise ConfigError(f"{path} was written by a newer Keepers ({manifest['version']}). Update Keepers first.")
    wrong = [name for name, digest in known.items() if not (into / name).is_file() or _digest(into / name) != digest]
    if wrong:
        raise ConfigError(f"{path} is damaged ({wrong[0]} is not what it was). Nothing was restored: use another one.")
    for one in _every(into):
        if one.relative_to(into).as_posix() not in {*known, _MANIFEST}:
            one.unlink()
    return manifest


def _every(folder: Path) -> list[Path]:
    return [one for one in folder.rglob("*") if one.is_file()]


def _refuse_to_write_over(beside: Path, folder: Path) -> None:
    for one in _every(beside):
        place = folder / one.relative_to(beside)
        if place.exists() and one.name != _MANIFEST:
            raise ConfigError(f"{place} is there already. Restore into a folder of its own.")


def _placed(one: Path, place: Path) -> list[Path]:
    """Move a file or a folder to where it belongs; gives what is new there."""
    if one.is_dir() and place.is_dir():
        return [new for inner in sorted(one.iterdir()) for new in _placed(inner, place / inner.name)]
    one.rename(place)
    return [place]


def _brought_up(folder: Path, manifest: dict[str, Any]) -> None:
    """Put the state where keepers.toml has it, and let it know where its results lie now."""
    from keepers.storage.copying import check_state

    project = project_of(folder)
    if project is None:
        raise ConfigError("The backup holds no keepers.toml. Nothing was restored.")
    file = folder / _STATE / _DATABASE
    check_state(file)
    with project.open_state() as state:
        own = folder / _STATE / "snapshots"
        if state.snapshots.resolve() != own.resolve() and own.is_dir():
            for one in own.iterdir():
                shutil.copy2(one, state.snapshots / one.name)
        elsewhere = not state.is_file or Path(state.where).resolve() != file.resolve()
        if elsewhere:
            state.fill_from(file)
        if manifest["served"] is not None:
            with state.writing() as books:
                books.live.moved((folder / _STATE / RESULTS / PurePosixPath(manifest["served"]).name).resolve())
    if elsewhere:
        for suffix in ("", "-wal", "-shm"):
            file.with_name(f"{file.name}{suffix}").unlink(missing_ok=True)
