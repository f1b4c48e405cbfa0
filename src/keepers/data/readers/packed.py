"""Files inside zip, gzip, bzip2 and xz, unpacked into the engine's scratch folder one at a time."""

from __future__ import annotations

import bz2
import contextlib
import errno
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, TypeAlias

from keepers.data.engine import Engine
from keepers.data.readers.scratch import CHUNK, scratch_file
from keepers.domain.errors import InputError

_NOT_OF_THE_FILE = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EPERM, errno.ENOENT, errno.EMFILE, errno.EIO}
)
_LARGE = 2**30
_TIMES = 200
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA})
_Packed: TypeAlias = gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile
_BROKEN = (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile, zipfile.BadZipFile, NotImplementedError)


def unpacked(engine: Engine, path: Path, kind: str, source: str) -> Iterator[tuple[Path, str]]:
    """Give each file inside a packed one: where it lies for the moment, and the name to show.

    A file is gone as soon as the next one is asked for.

    Raises
    ------
    InputError
        The packed file is damaged, incomplete, or needs a password.
    EngineError
        The disk is full.
    """
    if kind == "zip":
        yield from _members(engine, path, source)
        return
    with _understood(source), scratch_file(engine, "") as copy:
        with _opened(path, kind) as packed, copy.open("wb") as out:
            _pour(packed, out, path.stat().st_size, source)
        yield copy, source


def _opened(path: Path, kind: str) -> _Packed:
    if kind == "gzip":
        return gzip.GzipFile(path, "rb")
    return bz2.BZ2File(path, "rb") if kind == "bzip2" else lzma.LZMAFile(path, "rb")


def _members(engine: Engine, path: Path, source: str) -> Iterator[tuple[Path, str]]:
    with _understood(source), zipfile.ZipFile(path) as archive:
        for member in sorted(archive.infolist(), key=lambda each: each.filename):
            name = PurePosixPath(member.filename)
            if member.is_dir() or any(part.startswith((".", "__MACOSX", "~$")) for part in name.parts):
                continue
            if member.flag_bits & 1:
                raise InputError(f"{source} is protected by a password. Unpack it, and give the files inside.")
            if member.compress_type not in _METHODS:
                raise InputError(
                    f"{source} is packed in a way that cannot be read here. Unpack it, and give the files."
                )
            with scratch_file(engine, name.suffix) as copy:
                with archive.open(member) as packed, copy.open("wb") as out:
                    _pour(packed, out, member.compress_size, f"{source}/{name}")
                yield copy, f"{source}/{name}"


def _pour(packed: _Packed | IO[bytes], out: IO[bytes], size: int, source: str) -> None:
    """Unpack what takes `size` bytes packed.

    Raises
    ------
    InputError
        It is far larger than any table of that size: such a file is made to fill the disk.
    """
    most, came = largest_unpacked(size), 0
    while piece := packed.read(CHUNK):
        came += len(piece)
        if came > most:
            raise too_much(source)
        out.write(piece)


def largest_unpacked(size: int) -> int:
    """Bytes that `size` packed ones may come to: tables come to ten times as much, and to fifty at most."""
    return max(_LARGE, _TIMES * size)


def too_much(source: str) -> InputError:
    """What is said of a file that comes to more."""
    return InputError(
        f"{source} comes to more than {_TIMES} times its size when it is unpacked, as no export does: it may be made "
        "to fill the disk. If it is yours, unpack it, and give the files inside as CSV."
    )


@contextlib.contextmanager
def _understood(source: str) -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise InputError(f"{source} is damaged or incomplete ({error}). Download or export it again.") from error
    except OSError as error:
        if error.errno in _NOT_OF_THE_FILE:
            raise
        raise InputError(f"{source} is damaged ({error}). Download or export it again.") from error
