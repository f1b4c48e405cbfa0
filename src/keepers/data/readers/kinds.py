"""What kind of file it is, judged by its first bytes rather than its name."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from keepers.data.encoding import encoding_of
from keepers.domain.errors import InputError

_HEAD = 8192
_TRACK_CALL = re.compile(r"(?:^|\n)\s*(?:window\.)?analytics\.(?:track|identify|page|group)\(", re.ASCII)
_JSON = re.compile(r'\s*(?:\{\s*(?:"|\}|$)|\[\s*(?:[\[{\]"\d-]|$))')
_MARKUP = re.compile(r"\s*<(?:!doctype|html|head|body|table|\?xml|!--|[a-z][\w:-]*[\s>])", re.IGNORECASE)

# Line ends and separators, an old mark of the end, and the zeros that some programs leave in fields.
_TEXT_CONTROLS = frozenset("\t\n\r\f\x01\x1e\x1f\x1a\0")

_KNOWN = (
    (b"PAR1", "parquet"),
    (b"SQLite format 3\0", "sqlite"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\xd0\xcf\x11\xe0", "excel"),
)
_FOREIGN = (
    (b"%PDF", "a PDF document", "Export the same report as CSV or Excel"),
    (b"\x89PNG", "a picture (PNG)", "Export the table itself as CSV or Excel"),
    (b"\xff\xd8\xff", "a picture (JPEG)", "Export the table itself as CSV or Excel"),
    (b"GIF8", "a picture (GIF)", "Export the table itself as CSV or Excel"),
    (b"\x28\xb5\x2f\xfd", "compressed with Zstandard", "Unpack it first (zstd -d)"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "Unpack it first, and give the files inside"),
    (b"Rar!", "a RAR archive", "Unpack it first, and give the files inside"),
    (b"{\\rtf", "a text document (RTF)", "Save the table as CSV"),
    (b"ORC", "an ORC file", "Write it as Parquet or CSV"),
    (b"Obj\x01", "an Avro file", "Write it as Parquet or CSV"),
    (b"ARROW1", "an Arrow (Feather) file", "Write it as Parquet or CSV"),
)


def kind_of(path: Path, source: str) -> str:
    """The kind of a file: "delimited", "excel", "parquet", "json", "track calls", "sqlite", "duckdb", "zip", "gzip"...

    Raises
    ------
    InputError
        The file is of a kind that holds no table that can be read.
    """
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    for mark, kind in _KNOWN:
        if head.startswith(mark):
            return kind
    if head[8:12] == b"DUCK":
        return "duckdb"
    if head.startswith(b"PK\x03\x04") or head.startswith(b"PK\x05\x06"):
        return _kind_of_zip(path, source)
    for mark, what, instead in _FOREIGN:
        if head.startswith(mark):
            raise InputError(f"{source} is {what}, not a table. {instead}.")
    return _kind_of_text(head, source)


def _kind_of_zip(path: Path, source: str) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError):
        workbook = path.suffix.lower() in {".xlsx", ".xlsm", ".xlsb", ".ods"}
        what = "workbook" if workbook else "zip archive"
        raise InputError(f"{source} is a damaged {what}. Download or export it again.") from None
    if any(name.startswith("xl/workbook.") for name in names) or {"content.xml", "mimetype"} <= names:
        return "excel"
    if any(name.startswith(("word/", "ppt/")) for name in names):
        raise InputError(f"{source} is an Office document without a table of rows. Save the table as CSV or Excel.")
    return "zip"


def _kind_of_text(head: bytes, source: str) -> str:
    if not head:
        return "delimited"
    encoding = encoding_of(head, complete=len(head) < _HEAD)
    text = head.decode(encoding, errors="replace").lstrip("\ufeff")
    control = sum(1 for character in text if ord(character) < 32 and character not in _TEXT_CONTROLS)
    if control > max(4, 0.02 * len(text)) or text.count("\0") > 0.2 * len(text):
        raise InputError(
            f"{source} is a binary file of an unknown kind, whatever its name says. "
            "Export the table as CSV, Excel, JSON or Parquet."
        )
    if _MARKUP.match(text):
        raise InputError(
            f"{source} is a web page or XML, not a table; a download without being signed in often gives one. "
            "Download it again, or open it in a spreadsheet and save it as CSV."
        )
    if _JSON.match(text):
        return "json"
    return "track calls" if _TRACK_CALL.search(text) else "delimited"
