"""Attribution of a table of paths: how often each was walked, with a conversion at its end and with none."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np

from keepers.acquisition.attribution.attribute import DRAWS, chain_credits, memory_of
from keepers.acquisition.attribution.credits import Attribution, method_of
from keepers.domain.cells import FloatArray
from keepers.domain.decision import EvidenceGrade
from keepers.domain.errors import InputError
from keepers.domain.money import UNSPECIFIED_CURRENCY
from keepers.numerics.absorbing_chain import Chain, Visits
from keepers.numerics.path_rules import PathArrays, contact_shares

_SEED = 20160902
_RULES = ("last", "first", "linear", "position", "shapley")


def attribute_paths(
    frame: Any,
    *,
    path: str = "path",
    conversions: str = "conversions",
    value: str | None = None,
    nulls: str | None = None,
    separator: str = ">",
    order: int | None = None,
    draws: int = DRAWS,
    seed: int = _SEED,
) -> Attribution:
    """Attribute conversions and their value from a table of paths, as other tools export them.

    Use `attribute` where contacts and orders themselves are at hand: a table of paths knows no days, so that what
    contacts caused cannot be told from it.

    Parameters
    ----------
    frame : frame or mapping of columns
        One row a path.
    path : str
        Column with the channels of each path in order, parted by `separator`.
    conversions : str
        Column with the number of conversions.
    value : str, optional
        Column with what these are worth together.
    nulls : str, optional
        Column with the number of visitors who walked the path and did not convert. Without it the Markov chain knows
        only those who did, so that its removal effects say less.
    separator : str
        What stands between channels.
    order : int, optional
        Contacts that the Markov chain remembers, 1 to 3; chosen by paths held out if left out.
    draws, seed : int
        Draws behind the intervals.

    Raises
    ------
    InputError
        A column is not there, a number is negative or missing, or no path has a conversion.
    ConfigError
        The order is not 1, 2 or 3.

    Examples
    --------
    >>> table = {"path": ["ads > mail", "ads", "mail"], "conversions": [2, 1, 0], "nulls": [1, 5, 4]}
    >>> found = attribute_paths(table, nulls="nulls", order=1)
    >>> [(one.channel, round(one.customers, 2)) for one in found.method("markov").credits]
    [('ads', 1.44), ('mail', 1.56), ('no contact', 0.0)]
    """
    columns = _columns(frame, [name for name in (path, conversions, value, nulls) if name is not None])
    ways = [[step.strip() for step in str(text).split(separator.strip())] for text in columns[path]]
    if any(not step for way in ways for step in way):
        raise InputError(
            f"A path in `{path}` has an empty step. Take it out, or name another separator than {separator!r}."
        )
    won = _numbers(columns, conversions)
    lost = np.zeros_like(won) if nulls is None else _numbers(columns, nulls)
    worth = None if value is None else _numbers(columns, value)
    walked = won + lost > 0
    if won.sum() <= 0:
        raise InputError(f"No path has a conversion in `{conversions}`.")
    ways = [way for way, kept in zip(ways, walked, strict=True) if kept]
    won, lost = won[walked], lost[walked]
    worth = None if worth is None else worth[walked]
    channels = tuple(sorted({step for way in ways for step in way}))
    number = {name: place for place, name in enumerate(channels)}
    paths = PathArrays(
        np.array([number[step] for way in ways for step in way], dtype=np.int64),
        np.concatenate([[0], np.cumsum([len(way) for way in ways])]).astype(np.int64), len(channels),
    )  # fmt: skip
    rng = np.random.default_rng(seed)
    visits = Visits(won, lost)
    memory = memory_of(order, paths, visits, rng)
    chain = Chain(paths, visits, memory)
    methods = []
    for rule in _RULES:
        share = contact_shares(paths, rule)
        found = [None if of is None else np.append(paths.by_channel(share, of), 0.0) for of in (won, worth)]
        counted, money = found
        assert counted is not None
        methods.append(
            method_of(rule, channels, (counted,) * 3, None if money is None else (money,) * 3, EvidenceGrade.PREDICTIVE)
        )
    credits = [
        None if of is None else tuple(np.append(part, 0.0) for part in chain_credits(chain, of, None, draws, rng))
        for of in (won, worth)
    ]
    methods.append(method_of("markov", channels, credits[0], credits[1], EvidenceGrade.PREDICTIVE))  # type: ignore[arg-type]
    shown = sorted(methods[-1].credits[:-1], key=lambda one: -one.share)
    return Attribution(
        tuple(methods), (*(one.channel for one in shown), methods[-1].credits[-1].channel), round(float(won.sum())), 0,
        round(float(lost.sum())), order=memory, currency=None if worth is None else UNSPECIFIED_CURRENCY,
        total=None if worth is None else float(worth.sum()),
        notes=() if nulls is not None else (_NO_NULLS,),
    )  # fmt: skip


_NO_NULLS = (
    "The table has no visitors who did not convert, so that every channel looks as if it led to a conversion sooner or "
    "later. Add them to tell channels apart."
)


def _columns(frame: Any, names: list[str]) -> dict[str, list[Any]]:
    if isinstance(frame, dict):
        held = {name: list(frame[name]) for name in names if name in frame}
        there = list(frame)
    else:
        given = nw.from_native(frame)
        table = given.collect() if isinstance(given, nw.LazyFrame) else given
        held = {name: table[name].to_list() for name in names if name in table.columns}
        there = table.columns
    for name in names:
        if name not in held:
            raise InputError(f"The table of paths has no column {name!r}. It has: {', '.join(map(str, there))}.")
    return held


def _numbers(columns: dict[str, list[Any]], name: str) -> FloatArray:
    try:
        found = np.array(columns[name], dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"The column {name!r} of the table of paths holds something that is no number: {error}."
        ) from None
    bad = ~np.isfinite(found) | (found < 0)
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise InputError(
            f"`{name}` is {columns[name][row]!r} in row {row + 1} of the table of paths; it must be zero or more."
        )
    return found
