"""One name for each channel of marketing, however its sources write it: what a source and a medium together mean."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from keepers.data.vocabulary import header_key

_DOMAIN = re.compile(r"^(?:https?://)?((?:[a-z0-9-]+\.)+[a-z]{2,})(?:/.*)?$")
_SECOND_LEVEL = frozenset({"co", "com", "net", "org", "gov", "ac"})
_PAIR = re.compile(r"^(.*?)\s+/\s+(.*)$")
_PAID = frozenset({"ads", "adwords", "advertising", "googleads", "facebookads", "cpc", "pmax", "shopping"})
_BY_MEDIUM = frozenset({"email", "sms", "push", "affiliates"})
_TYPED = re.compile(r"^(organic|referral|source|direct|utm|paid)\s*:\s*(.+)$")


@dataclass(frozen=True, slots=True)
class Named:
    """What a channel is called, and how that is known.

    Parameters
    ----------
    name : str or None
        The canonical name; None where the words name no channel.
    family : str or None
        Of an advertising platform with paid clicks, the kind of advertising it is.
    medium : str or None
        What the channel may be called by its medium alone, where its own name is not known to the vocabulary.
    """

    name: str | None
    family: str | None = None
    medium: str | None = None


def channel_key(text: str) -> str:
    """What names of channels are compared by: lower case, no marks, and of a web address the name of the site.

    >>> channel_key("Paid_Search"), channel_key("www.google.co.uk"), channel_key("l.facebook.com")
    ('paid search', 'google', 'facebook')
    """
    plain = text.strip().casefold()
    site = _DOMAIN.match(plain)
    if site is None:
        return header_key(plain)
    labels = site.group(1).split(".")[:-1]
    if len(labels) > 1 and labels[-1] in _SECOND_LEVEL:
        labels.pop()
    return header_key(labels[-1])


def is_site(text: str) -> bool:
    """Whether a name is a web address."""
    return _DOMAIN.match(text.strip().casefold()) is not None


def canonical_channel(
    channel: str | None, medium: str | None = None, *, campaign: bool = False, spend: bool = False
) -> Named:
    """The canonical name of a channel.

    Parameters
    ----------
    channel : str, optional
        As the source writes it: a channel, a source of traffic, an advertising platform, "source / medium".
    medium : str, optional
        The medium beside it.
    campaign : bool
        Whether a campaign stands beside it: a search engine or network with one was paid.
    spend : bool
        Whether it stands in a table of spend, where every platform is paid.

    >>> canonical_channel("google", "cpc").name, canonical_channel("google", "organic").name
    ('google ads', 'organic search')
    >>> canonical_channel("Facebook", spend=True).name, canonical_channel("m.facebook.com", "referral").name
    ('meta ads', 'organic social')
    >>> canonical_channel("Organic: Google").name, canonical_channel("(direct) / (none)").name
    ('organic search', 'direct')
    >>> canonical_channel("Craft fairs").name, canonical_channel("(not set)").name
    ('craft fairs', None)
    """
    words = _words()
    text = (channel or "").strip()
    paired = _PAIR.match(text)
    if paired is not None and medium is None:
        text, medium = paired.group(1), paired.group(2)
    typed = _TYPED.match(text.casefold())
    if typed is not None:
        text, medium = typed.group(2), medium or typed.group(1)
    key = channel_key(text)
    kind = words.media.get(header_key(medium or ""))
    if not key or key in words.nothing:
        # A medium alone may still say it: "(not set) / email".
        return Named(kind if kind in _BY_MEDIUM else None)
    if key in words.mailers or (kind == "email" and (key in words.platforms or key in words.unpaid)):
        return Named("email")
    platform = words.platforms.get(key)
    if platform is not None:
        name, family, free = platform
        paid = spend or kind == "paid" or (kind is None and (campaign or bool(_PAID & set(key.split()))))
        return Named(name, family) if paid else Named(free)
    return _other(key, kind, spend, is_site(text) and header_key(medium or "") == "referral")


def _other(key: str, kind: str | None, spend: bool, site: bool) -> Named:
    """The name of what is no advertising platform."""
    words = _words()
    name = words.unpaid.get(key) or words.names.get(key, key)
    if spend or name != key or name in words.families:
        return Named(name)
    if kind in _BY_MEDIUM:
        return Named(name, medium=kind)
    return Named("referral" if site else name)


def is_place_of_sale(text: str) -> bool:
    """Whether a name says where an order was placed and not what brought the customer.

    >>> is_place_of_sale("web"), is_place_of_sale("shopify_draft_order"), is_place_of_sale("580111")
    (True, True, True)
    """
    key = header_key(text)
    return key in _words().places or key.replace(" ", "").isdigit()


@dataclass(frozen=True, slots=True)
class _Words:
    platforms: Mapping[str, tuple[str, str, str]]
    unpaid: Mapping[str, str]
    names: Mapping[str, str]
    families: frozenset[str]
    mailers: frozenset[str]
    media: Mapping[str, str]
    nothing: frozenset[str]
    places: frozenset[str]


@cache
def _words() -> _Words:
    text = resources.files("keepers.summaries").joinpath("channels.toml").read_text(encoding="utf-8")
    said: dict[str, Any] = tomllib.loads(text)
    platforms = {
        word: (name, about["family"], about["free"])
        for name, about in said["platforms"].items()
        for word in (name, *_listed(about["words"]))
    }
    places = dict(said["places"])
    names = {word: name for name, words in said["names"].items() for word in _listed(words)}
    names |= dict.fromkeys(_listed(places["in store"]), "in store")
    return _Words(
        platforms,
        {word: name for name, words in said["unpaid"].items() for word in _listed(words)},
        names,
        frozenset({about["family"] for about in said["platforms"].values()} | set(said["names"])),
        frozenset(_listed(said["mailers"]["words"])),
        {word: kind for kind, words in said["media"].items() for word in _listed(words)},
        frozenset(_listed(said["nothing"]["words"])),
        frozenset(_listed(places["words"])),
    )


def _listed(text: str) -> list[str]:
    return [header_key(word) for word in text.split(",")]
