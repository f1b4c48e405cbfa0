"""In which encoding a text stands, judged from its first bytes."""

from __future__ import annotations

import codecs
import re

_TELLING_BYTES = 1 << 14
_MOST_STRANGE = 0.1
_CANDIDATES = (
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "mac_roman", "cp850", "cp932", "gb18030", "big5", "euc_kr"
)  # fmt: skip
_STRANGE = re.compile(
    r"(?<=[A-Za-zÀ-ÿ])[¡-©«-¶¸¹»-¿×÷†‡…‰‹›„“”•–—˜™](?=[A-Za-zÀ-ÿ])"  # signs inside words
    r"|(?<=[a-z])[¹³¼½¾¿¯£¥]|[¹³¼¾¯£¥](?=[a-z])"  # signs on which a word ends or begins
    r"|(?<=[A-Za-z])[À-ÖØ-ÞŠŒŽŸ](?=[a-zß-ÿ])"  # capitals inside words
    r"|[À-ÖØ-öø-ÿ]{4,}"  # nothing but accents
)

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
    return _older_encoding(head)


def is_utf8(part: bytes, complete: bool = False) -> bool:
    """Whether bytes are UTF-8; a character cut at the end is no error unless the part is complete."""
    if part.isascii():
        return True
    try:
        codecs.getincrementaldecoder("utf-8")().decode(part, final=complete)
    except UnicodeDecodeError:
        return False
    return True


def is_mostly_utf8(part: bytes) -> bool:
    """Whether bytes that are not UTF-8 throughout hold more letters of it than others, as files put together do."""
    text = part.decode("utf-8", errors="replace")
    strange = text.count("\ufffd")
    letters = sum(1 for character in text if ord(character) > 127) - strange
    return letters > 0 and letters >= strange


def _older_encoding(head: bytes) -> str:
    """The encoding of a text from before Unicode; Windows-1252 where nothing speaks against it."""
    from charset_normalizer import from_bytes

    telling = b"\n".join(line for line in head.splitlines() if not line.isascii())[:_TELLING_BYTES]
    found = list(from_bytes(telling, cp_isolation=list(_CANDIDATES)))
    western = any("cp1252" in {match.encoding, *match.could_be_from_charset} for match in found)
    as_western = telling.decode("cp1252", errors="replace")
    only_signs = not any(character.isalpha() or character == "\ufffd" for character in as_western if character > "~")
    if (western or only_signs) and _strangeness(as_western) <= _MOST_STRANGE:
        return "cp1252"
    others = sorted(found, key=lambda match: (_strangeness(str(match)) + match.chaos, -match.coherence))
    if others:
        return codecs.lookup(others[0].encoding).name
    return "latin-1" if "\ufffd" in as_western else "cp1252"


def _strangeness(text: str) -> float:
    """The share of signs beyond ASCII that stand where a wrong code page puts them: ¹ or Ž inside a word."""
    high = sum(1 for character in text if ord(character) > 127)
    return sum(len(found[0]) for found in _STRANGE.finditer(text)) / max(1, high)
