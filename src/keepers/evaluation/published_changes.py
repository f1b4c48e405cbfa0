"""From the scores of one day to those of a later one: what customers came, went quiet, rose and fell, in money."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from keepers.data.engine import Engine, literal, template

_PACKAGE = "keepers.evaluation.sql"
_THERE = {"probability_alive": "{side}.probability_alive >= 0.5", "state": "{side}.state <> 'ended'"}
"""By which column somebody is still a customer, as customers of a shop and subscribers are published."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some customers, and what they add to the change of the total, or take from it."""

    customers: int
    value: float


@dataclass(frozen=True, slots=True)
class ScoreChanges:
    """What became of customers between two days of scores.

    The total changes by `came`, `gone`, `rose` and `fell` together. `quiet` and `back` are parts of these.

    Attributes
    ----------
    customers_before, customers_now : int
        Who was valued on either day.
    value_before, value_now : float
        Their values together; 0 without money.
    came : Part
        Valued now and not before.
    gone : Part
        Valued before and not now: erased, or one with another by now.
    rose, fell : Part
        On both days, worth more or less.
    quiet : Part
        Still a customer before by the chance of it (half or more; of subscribers, by their contracts), and not now,
        with what was lost of their value.
    back : Part
        The other way round, with what was won.
    """

    customers_before: int
    customers_now: int
    value_before: float
    value_now: float
    came: Part
    gone: Part
    rose: Part
    fell: Part
    quiet: Part
    back: Part


def score_changes(before: Path, now: Path) -> ScoreChanges:
    """Compare the published scores of two days, customer by customer.

    Parameters
    ----------
    before, now : Path
        Parquet files with `customer_key` and, as far as they are known, `value`, and `probability_alive` or `state`.
    """
    engine = Engine()
    try:
        files = {side: f"read_parquet({literal(str(path))})" for side, path in (("before", before), ("now", now))}
        present = {
            side: {str(row[0]) for row in engine.rows(f"DESCRIBE SELECT * FROM {files[side]}")} for side in files
        }
        common = present["before"] & present["now"]
        there = next((text for name, text in _THERE.items() if name in common), "NULL")
        worth = {side: f"{side}.value" if "value" in common else "NULL" for side in files}
        query = template(_PACKAGE, "published_changes").format(
            before=files["before"], now=files["now"], value_before=worth["before"], value_now=worth["now"],
            was_there=there.format(side="before"), is_there=there.format(side="now"),
        )  # fmt: skip
        row = engine.row(query)
    finally:
        engine.close()
    parts = [Part(int(row[place]), float(row[place + 1])) for place in range(4, 16, 2)]
    return ScoreChanges(int(row[0]), int(row[1]), float(row[2]), float(row[3]), *parts)
