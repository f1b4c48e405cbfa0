"""Secrets: a text of keepers.toml says where a secret stands, and it is read from there when it is used."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from keepers.domain.errors import ConfigError

_REFERENCE = re.compile(r"\{(env|file):([^{}]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LARGEST = 65_536
_SHORTEST_HIDDEN = 4
"""Characters below which hiding a secret would only make holes into words."""


def revealed(text: str, where: str, folder: Path = Path(), seen: list[str] | None = None) -> str:
    """A text with its references to secrets, ``{env:NAME}`` and ``{file:PATH}``, replaced by what they stand for.

    Call it where the secret is used, pass the answer on to whoever needs it, and keep it nowhere: neither in an
    object that lasts, nor in the state, a log or an error.

    Parameters
    ----------
    text : str
        What keepers.toml says, such as ``"{env:SHOPIFY_TOKEN}"``, ``"{file:/run/secrets/smtp}"`` or
        ``"postgresql://keepers:{env:PASSWORD}@host/shop"``. Inside an address (a text with ``://``) what a reference
        stands for is percent-encoded; an address that is one reference is taken as it is.
    where : str
        The place of the text, for errors: ``"[state] url"``.
    folder : Path, optional
        Where relative paths begin: the project's folder.
    seen : list of str, optional
        Gets the secrets that were read, for `hidden`.

    Raises
    ------
    ConfigError
        There is no such variable or file, or it is empty.

    Examples
    --------
    >>> import os
    >>> os.environ["A_PASSWORD"] = "p@ss"
    >>> revealed("{env:A_PASSWORD}", "[letter] password")
    'p@ss'
    >>> revealed("postgresql://ada:{env:A_PASSWORD}@host/shop", "[state] url")
    'postgresql://ada:p%40ss@host/shop'
    """
    seen = [] if seen is None else seen

    def read(match: re.Match[str]) -> str:
        seen.append(_read(match, where, folder))
        return seen[-1]

    whole = _REFERENCE.fullmatch(text.strip())
    if whole is not None:
        return read(whole)
    encoded = "://" in text

    def found(match: re.Match[str]) -> str:
        secret = read(match)
        return quote(secret, safe="") if encoded else secret

    return _REFERENCE.sub(found, text)


def refers(text: str) -> bool:
    """Whether a text says where something stands rather than the thing itself.

    >>> refers("{env:SHOP_DATABASE}"), refers("orders.csv")
    (True, False)
    """
    return _REFERENCE.search(text) is not None


def secret(text: str, where: str, folder: Path = Path(), seen: list[str] | None = None) -> str:
    """A secret itself, which may stand anywhere but in keepers.toml, as that file is copied, sent and kept with code.

    Parameters
    ----------
    text, where, folder, seen
        As with `revealed`.

    Raises
    ------
    ConfigError
        The text is no reference, or leads nowhere.
    """
    if _REFERENCE.fullmatch(text.strip()) is None:
        name = re.sub(r"\W+", "_", where.strip("[] ")).upper()
        raise ConfigError(
            f"{where} is a secret, which does not belong in keepers.toml. Write "
            f'"{{env:{name}}}" there and set that variable, or "{{file:/run/secrets/{name.lower()}}}" and put it into '
            "that file."
        )
    return revealed(text, where, folder, seen)


def hidden(text: str, secrets: Iterable[str]) -> str:
    """A text, such as somebody else's error, without the secrets that may stand in it.

    >>> hidden("refused: Bearer shpat_12345", ["shpat_12345"])
    'refused: Bearer ***'
    """
    known = {form for one in secrets for form in (one, quote(one, safe="")) if len(one) >= _SHORTEST_HIDDEN}
    for form in sorted(known, key=len, reverse=True):
        text = text.replace(form, "***")
    return text


def _read(match: re.Match[str], where: str, folder: Path) -> str:
    kind, name = match[1], match[2].strip()
    return _of_variable(name, where) if kind == "env" else _of_file(name, where, folder)


def _of_variable(name: str, where: str) -> str:
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{where}: {name!r} cannot be the name of a variable. Write for example {{env:SHOP_TOKEN}}.")
    found = os.environ.get(name, "").strip()
    if not found:
        state = "is empty" if name in os.environ else "is not set"
        raise ConfigError(f"{where} stands in the variable {name} of the environment, which {state}. Set it first.")
    return found


def _of_file(name: str, where: str, folder: Path) -> str:
    path = folder / Path(name).expanduser()
    try:
        if not path.is_file():
            raise ConfigError(f"{where} stands in the file {path}, which is not there. Make it, or change the path.")
        if path.stat().st_size > _LARGEST:
            raise ConfigError(f"{where} stands in the file {path}, which is too large to hold one secret.")
        found = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigError(
            f"{where} stands in the file {path}, which cannot be read ({error.strerror}). Let it be read by whoever "
            "runs Keepers."
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(f"{where} stands in the file {path}, which is no text.") from None
    if not found:
        raise ConfigError(f"{where} stands in the file {path}, which is empty.")
    return found
