"""What somebody is worth who is not a customer yet: by where they come from, as newcomers of such origin were worth.

Channel, campaign and landing page are told apart within each other, so the narrowest of them that is known speaks.
First product and discount code say something else; what they say beside the origin is a ratio to the average newcomer,
and ratios multiply, as in a model of the logarithm without interactions. Each is drawn towards one by its own
uncertainty, so that two ratios that rest on few customers do not add up to a bold claim.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from keepers.data.engine import Engine, literal
from keepers.data.page_address import bare_page

FILE = "channels.parquet"
NESTED = ("landing_page", "campaign", "channel")
"""Of these the first that is known speaks."""

APART = ("first_product", "discount_code")
_Z = 1.2815515655446004
"""Standard errors on either side in an interval of 80%."""

_FEWEST = 5
"""Customers of a group below which it says nothing."""


@dataclass(frozen=True, slots=True)
class GroupWorth:
    """Newcomers of one group: how many came, and what they are worth over the horizon and the lifetime.

    Attributes
    ----------
    dimension, label : str
    customers : int
    predicted, lifetime : (float, float, float) or None
        Value of a new customer with its 80% interval.
    prior_share : float or None
        How much of it is what is believed of all groups.
    conversion : float or None
        Share of its leads that become customers.
    """

    dimension: str
    label: str
    customers: int
    predicted: tuple[float, float, float] | None
    lifetime: tuple[float, float, float] | None
    prior_share: float | None
    conversion: float | None


@dataclass(frozen=True, slots=True)
class Told:
    """What one attribute says: its group, and the ratio to the average newcomer that was used."""

    attribute: str
    value: str
    customers: int
    ratio: float


@dataclass(frozen=True, slots=True)
class NewcomerScore:
    """What a visitor is worth if they become a customer, and how much of that is belief.

    Attributes
    ----------
    predicted, lifetime : (float, float, float) or None
        Value of the average newcomer like them, with an 80% interval of that average.
    prior_share : float
        How much rests on all newcomers rather than on those like them: 1 where nothing of the visitor was known.
    chance : float or None
        That they become a customer, where leads of the group tell it.
    told_by : tuple of Told
        Attributes that spoke.
    unknown : tuple of str
        Attributes that said nothing: never seen, of too few customers, or of no kind that the run tells apart.
    """

    predicted: tuple[float, float, float] | None
    lifetime: tuple[float, float, float] | None
    prior_share: float
    chance: float | None
    told_by: tuple[Told, ...]
    unknown: tuple[str, ...]


def score_newcomer(groups: Sequence[GroupWorth], visitor: Mapping[str, str]) -> NewcomerScore | None:
    """The worth of a visitor by the groups of a run; None where the run valued no newcomers.

    Parameters
    ----------
    groups : sequence of GroupWorth
        Of a run, the whole under the label "all" of the dimension "channel".
    visitor : mapping of str to str
        What is known of them by attribute: channel, campaign, landing_page, first_product, discount_code.
    """
    known = {(one.dimension, one.label.casefold()): one for one in groups}
    whole = known.get(("channel", "all"))
    if whole is None or whole.predicted is None:
        return None
    labels = {
        # The run keeps no more of a page's address either.
        name: (bare_page(text.strip()) if name == "landing_page" else text.strip()).casefold()
        for name, text in visitor.items()
    }
    found = {
        name: known.get((name, label)) for name, label in labels.items() if not (name == "channel" and label == "all")
    }
    usable = {name: one for name, one in found.items() if one is not None and _speaks(one)}
    nested = [name for name in NESTED if name in usable][:1]
    speaking = [usable[name] for name in (*nested, *APART) if name in usable]
    passed = {name for name in NESTED if name in usable and name not in nested}
    told = tuple(Told(one.dimension, one.label, one.customers, _ratio(one, whole)[0]) for one in speaking)
    shares = [1.0 if one.prior_share is None else one.prior_share for one in speaking]
    narrow = usable[nested[0]] if nested else None
    channel = usable.get("channel")
    # The share of all leads says nothing of somebody who came where nobody asks before buying.
    chance = next((one.conversion for one in (narrow, channel) if one is not None and one.conversion is not None), None)
    return NewcomerScore(
        _combined(whole.predicted, speaking, whole, "predicted"),
        None if whole.lifetime is None else _combined(whole.lifetime, speaking, whole, "lifetime"),
        min(shares, default=1.0), chance, told,
        tuple(name for name in visitor if name not in usable and name not in passed),
    )  # fmt: skip


def groups_of(folder: Path) -> tuple[GroupWorth, ...]:
    """Groups of newcomers of a folder of results; none where it has none."""
    path = folder / FILE
    try:
        written = path.stat().st_mtime_ns
    except OSError:
        return ()
    return _read(str(path), written)


def _speaks(one: GroupWorth) -> bool:
    return one.customers >= _FEWEST and one.predicted is not None and one.predicted[0] > 0


def _ratio(one: GroupWorth, whole: GroupWorth, which: str = "predicted") -> tuple[float, float]:
    """Ratio of a group's value to that of all, drawn towards one, and the variance of its logarithm."""
    mine, all_of_them = getattr(one, which), getattr(whole, which)
    if mine is None or mine[0] <= 0 or all_of_them[0] <= 0:
        return 1.0, 0.0
    step = math.log(mine[0] / all_of_them[0])
    variance = _variance(mine)
    # The interval says how far the group's average may be off; what cannot be told from that is not claimed.
    weight = step * step / (step * step + variance) if step or variance else 0.0
    return math.exp(weight * step), weight * variance


def _combined(
    base: tuple[float, float, float], speaking: Sequence[GroupWorth], whole: GroupWorth, which: str
) -> tuple[float, float, float]:
    ratios = [_ratio(one, whole, which) for one in speaking]
    middle = base[0] * math.prod(ratio for ratio, _ in ratios)
    spread = _Z * math.sqrt(_variance(base) + sum(variance for _, variance in ratios))
    return middle, middle * math.exp(-spread), middle * math.exp(spread)


def _variance(interval: tuple[float, float, float]) -> float:
    """Variance of the logarithm that an 80% interval says."""
    mean, low, high = interval
    if low > 0 and high > low:
        return (math.log(high / low) / (2 * _Z)) ** 2
    return (max(high - mean, mean - low, 0.0) / (_Z * max(mean, 1e-12))) ** 2


@lru_cache(maxsize=4)
def _read(path: str, written: int) -> tuple[GroupWorth, ...]:
    del written
    engine = Engine()
    try:
        rows = engine.rows(
            "SELECT dimension, label, customers, value_predicted, value_predicted_low, value_predicted_high, "
            "value_lifetime, value_lifetime_low, value_lifetime_high, prior_share, lead_conversion "
            f"FROM read_parquet({literal(path)}) WHERE dimension <> 'cohort'"
        )
    finally:
        engine.close()
    return tuple(
        GroupWorth(str(row[0]), str(row[1]), int(row[2] or 0), _three(row[3:6]), _three(row[6:9]), *map(_one, row[9:]))
        for row in rows
    )


def _three(values: Sequence[Any]) -> tuple[float, float, float] | None:
    if any(_one(value) is None for value in values):
        return None
    mean, low, high = values
    return float(mean), float(low), float(high)


def _one(value: Any) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)
