"""The section ``[letter]`` of keepers.toml: to whom, when, and through which mail server."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path
from typing import Any

from keepers.domain.errors import ConfigError

_KEYS: dict[str, type] = {
    "to": list, "from": str, "host": str, "port": int, "security": str, "user": str, "password": str, "when": str,
    "link": str,
}  # fmt: skip
_PORTS = {"starttls": 587, "tls": 465, "none": 25}
_HERE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class LetterSettings:
    """What is said of letters.

    Parameters
    ----------
    to : tuple of str
        Addresses.
    sender : str
        Address from which they come.
    host, port, security : str, int, str
        The mail server; `security` is ``starttls``, ``tls`` or ``none``.
    user, password : str
        Who signs in there; of the password where it stands, as `keepers.pipeline.secrets` reads it.
    when : str
        When the running system sends them, as a crontab has it, in the business's time zone.
    link : str
        Address of the running system, for what a reader may click on.
    """

    to: tuple[str, ...] = ()
    sender: str = ""
    host: str = ""
    port: int = 587
    security: str = "starttls"
    user: str = ""
    password: str = ""
    when: str = ""
    link: str = ""

    def ready(self) -> None:
        """Check that letters can be sent.

        Raises
        ------
        ConfigError
            If it was not said to whom, from whom, or through which server.
        """
        missing = [name for name, said in (("to", self.to), ("from", self.sender), ("host", self.host)) if not said]
        if missing:
            listed = " and ".join(f"`{one}`" for one in missing)
            raise ConfigError(
                f"Letters cannot be sent: [letter] in keepers.toml does not say {listed}. Write it there, or write the "
                "letter into a file: keepers letter --to letter.html"
            )


def letter_settings(path: Path, said: Mapping[str, Any]) -> LetterSettings:
    """The section as it was written.

    Raises
    ------
    ConfigError
        Something in it makes no sense, naming it.
    """
    for key, value in said.items():
        if key not in _KEYS:
            raise ConfigError(f"{path}: [letter] has no `{key}`. It may say: {', '.join(_KEYS)}.")
        if not isinstance(value, _KEYS[key]) or isinstance(value, bool):
            wanted = {list: 'a list of addresses, such as ["ada@example.com"]', int: "a whole number", str: "a text"}
            told = key if key == "password" else f"{key} = {value!r}"
            raise ConfigError(f"{path}: [letter] {told} should be {wanted[_KEYS[key]]}.")
    for one in (*said.get("to", ()), *([said["from"]] if "from" in said else [])):
        if not isinstance(one, str) or not re.fullmatch(r"[^@\s,]+@[^@\s,]+", parseaddr(one)[1]) or "\n" in one:
            raise ConfigError(f"{path}: [letter] {one!r} is no e-mail address.")
    security = said.get("security", "starttls")
    if security not in _PORTS:
        raise ConfigError(f"{path}: [letter] security = {security!r} may be starttls, tls or none.")
    password, host = said.get("password", ""), said.get("host", "")
    if password and not said.get("user"):
        raise ConfigError(f"{path}: [letter] has a password and no `user`.")
    if password and security == "none" and host not in _HERE:
        raise ConfigError(
            f'{path}: [letter] would send the password to {host} for everybody to read. Write security = "starttls".'
        )
    link = said.get("link", "")
    if link and not re.match(r"https?://[^\s/]+", link):
        raise ConfigError(f"{path}: [letter] link = {link!r} is no address, such as https://keepers.example.com.")
    return LetterSettings(
        tuple(said.get("to", ())), said.get("from", ""), host, said.get("port", _PORTS[security]), security,
        said.get("user", ""), password, said.get("when", ""), link,
    )  # fmt: skip
