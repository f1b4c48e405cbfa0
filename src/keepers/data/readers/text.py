"""A text file as UTF-8 bytes on disk: its first lines, how many lines it has, and a copy in UTF-8 where it is not."""

from __future__ import annotations

import codecs
import io
from dataclasses import dataclass
from pathlib import Path

from keepers.data.encoding import encoding_of, is_mostly_utf8
from keepers.data.readers.scratch import CHUNK

SAMPLE_BYTES = 1 << 18
_SHOWN = {"utf-8-sig": "utf-8", "cp1252": "windows-1252", "cp1250": "windows-1250", "cp1251": "windows-1251"}


@dataclass(frozen=True, slots=True)
class TextFile:
    """What the bytes of a text file are.

    Attributes
    ----------
    lines : int
        Physical lines, empty ones at the end left out; 0 where they were not counted.
    encoding : str
        Python name of the encoding.
    mixed : bool
        Whether a UTF-8 file has letters of Windows-1252 in it.
    named : bool
        Whether a person said so; then a byte that is no character is an error.
    """

    lines: int
    encoding: str
    mixed: bool = False
    named: bool = False

    @property
    def plain(self) -> bool:
        """Whether the engine can read the bytes as they are."""
        return self.encoding in {"utf-8", "utf-8-sig"} and not self.mixed

    @property
    def errors(self) -> str:
        """What to do with bytes that are no character."""
        return "keepers-windows-1252" if self.mixed else "strict" if self.named else "replace"

    @property
    def note(self) -> str:
        """What to say about the encoding; empty for UTF-8."""
        if self.mixed:
            return "Most of the text is UTF-8, some of it windows-1252; both were read."
        return "" if self.plain else f"The encoding is {_SHOWN.get(self.encoding, self.encoding)}."


def survey(path: Path, encoding: str | None = None) -> TextFile:
    """Read the whole file once, in pieces: count its lines and make sure of its encoding.

    Of a text that is not UTF-8 the lines are counted when it is transcoded.
    """
    with path.open("rb") as stream:
        head = stream.read(SAMPLE_BYTES)
        guess = encoding or encoding_of(head, complete=path.stat().st_size <= len(head))
        named = encoding is not None
        if not guess.startswith("utf-8"):
            mixed = not named and not guess.startswith("utf") and is_mostly_utf8(head)
            return TextFile(0, "utf-8" if mixed else guess, mixed=mixed, named=named)
        stream.seek(0)
        feeds = returns = 0
        decoder = codecs.getincrementaldecoder("utf-8")()
        while part := stream.read(CHUNK):
            feeds += part.count(b"\n")
            returns += 0 if feeds else part.count(b"\r")
            if part.isascii() and not decoder.getstate()[0]:
                continue
            try:
                decoder.decode(part)
            except UnicodeDecodeError:
                if named:
                    raise
                mixed = not head.isascii() or is_mostly_utf8(part)
                return TextFile(0, "utf-8" if mixed else encoding_of(part), mixed=mixed)
        stream.seek(max(0, stream.tell() - CHUNK))
        tail = stream.read()
    ends = tail[len(tail.rstrip(b"\r\n")) :]
    return TextFile((feeds or returns) - ends.count(b"\n" if feeds else b"\r") + 1, guess, named=named)


def first_lines(path: Path, file: TextFile, size: int = SAMPLE_BYTES) -> list[str]:
    """The first whole lines of a text file, line ends kept."""
    with path.open("rb") as stream:
        head = stream.read(size)
        complete = not stream.read(1)
    text = codecs.getincrementaldecoder(file.encoding)(file.errors).decode(head, final=complete)
    # Not str.splitlines: it also breaks lines at form feeds and other separators that are plain characters here.
    lines = list(io.StringIO(text.replace("\0", ""), newline=""))
    return lines if complete or len(lines) < 2 else lines[:-1]


def open_text(path: Path, file: TextFile) -> io.TextIOWrapper:
    """The file as a stream of characters, line ends untouched."""
    return path.open(encoding=file.encoding, errors=file.errors, newline="")


def transcode(path: Path, file: TextFile, target: Path) -> None:
    """Write the text again in UTF-8, without a byte order mark."""
    with open_text(path, file) as stream, target.open("w", encoding="utf-8", newline="") as out:
        while part := stream.read(CHUNK):
            out.write(part)


def _as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", errors="replace"), error.end


codecs.register_error("keepers-windows-1252", _as_windows_1252)
