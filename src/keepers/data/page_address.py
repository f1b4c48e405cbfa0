"""What is kept of a page's address: its path and the campaign, and nothing that may say who the visitor is.

Addresses of pages carry what nobody meant to keep: e-mail addresses in links of letters, names, order numbers, keys
that sign people in. ``bare_page`` and ``page_sql`` say the same of every address.
"""

from __future__ import annotations

import re

KEPT = ("utm_source", "utm_medium", "utm_campaign")
"""Parts of a query that stay; others that begin with utm may name a reader."""

_SIGNED_IN = r"^([A-Za-z][A-Za-z0-9+.-]*://)[^/@]*@"
_PERSON = r"[^/]*(?:@|%(?:25)*40)[^/]*"
_CAMPAIGN = rf"^(?:{'|'.join(KEPT)})=[^=]+$"
_HIDDEN = "***"


def bare_page(address: str) -> str:
    """The address of a page as it is kept.

    >>> bare_page("https://ann:pw@shop.example/tea/ann%40x.example?utm_source=mail&email=ann@x.example#top")
    'https://shop.example/tea/***?utm_source=mail'
    """
    base, _, query = address.partition("#")[0].partition("?")
    path = re.sub(_PERSON, _HIDDEN, re.sub(_SIGNED_IN, r"\1", base))
    parts = [part for part in query.split("&") if re.search(_CAMPAIGN, part) and not re.search(_PERSON, part)]
    return f"{path}?{'&'.join(parts)}" if parts else path


def page_sql(column: str) -> str:
    """The same in the engine's words, of an expression of text."""
    address = f"split_part({column}, '#', 1)"
    path = f"regexp_replace(split_part({address}, '?', 1), '{_SIGNED_IN}', '\\1')"
    path = f"regexp_replace({path}, '{_PERSON}', '{_HIDDEN}', 'g')"
    query = f"regexp_extract({address}, '[?](.*)', 1, 's')"
    parts = (
        f"list_filter(string_split({query}, '&'), "
        f"lambda part: regexp_matches(part, '{_CAMPAIGN}', 's') AND NOT regexp_matches(part, '{_PERSON}', 's'))"
    )
    return f"({path} || coalesce('?' || nullif(array_to_string({parts}, '&'), ''), ''))"
