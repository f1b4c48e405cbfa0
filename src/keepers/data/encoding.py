"""In which encoding a text stands, judged from its first bytes."""

from __future__ import annotations

import codecs
import re

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def encoding_of(head: bytes, complete: bool = False) -> str:
    """The Python name of the encoding of a text from its first bytes.

    Parameters
    ----------
    head : bytes
        The first part of the file.
    complete : bool
        Whether `head` is the whole file; otherwise a character cut at its end is no error.

    Examples
    --------
    >>> encoding_of("Käufer".encode("cp1252"), complete=True)
    'cp1252'
    >>> encoding_of("Käufer".encode("utf-16"))
    'utf-16'
    """
    for bom, name in _BOMS:
        if head.startswith(bom):
            return name
    if b"\0" in head:
        even, odd = head[0:4096:2].count(0), head[1:4096:2].count(0)
        half = max(1, len(head[:4096]) // 2)
        if odd > half * 0.4 and odd > 4 * even:
            return "utf-16-le"
        if even > half * 0.4 and even > 4 * odd:
            return "utf-16-be"
    if is_utf8(head, complete):
        return "utf-8"
    return _single_byte_encoding(head)


def is_utf8(part: bytes, complete: bool = False) -> bool:
    """Whether bytes are UTF-8; a character cut at the end is no error unless the part is complete."""
    if part.isascii():
        return True
    try:
        codecs.getincrementaldecoder("utf-8")().decode(part, final=complete)
    except UnicodeDecodeError:
        return False
    return True


def _single_byte_encoding(head: bytes) -> str:
    telling = b"\n".join(line for line in head.splitlines() if not line.isascii())[:65536]
    try:
        western = telling.decode("cp1252")
    except UnicodeDecodeError:
        western = ""
    if western and _reads_as_western(western):
        return "cp1252"
    from charset_normalizer import from_bytes

    best = from_bytes(telling, threshold=0.4).best()
    if best is not None and best.encoding not in {"ascii", "utf_8"}:
        return codecs.lookup(best.encoding).name
    return "cp1252" if western else "latin-1"


def _reads_as_western(text: str) -> bool:
    # Another code page read as Windows-1252 shows itself in two ways: signs such as ¹ or ³ inside words (Central
    # European), or long runs of accented letters (Cyrillic, Greek).
    inside = len(re.findall(r"(?<=[A-Za-z])[¡-¶¸-¿×÷](?=[A-Za-z])", text))
    runs = sum(len(run) for run in re.findall(r"[À-ÿ]{3,}", text))
    high = sum(1 for character in text if ord(character) > 127)
    return inside <= 0.1 * high and runs <= 0.3 * high
