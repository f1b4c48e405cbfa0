"""The list of offers that a run has written, read again: who gets what, and who is held out to see what it earns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from keepers.data.engine import Engine, literal

FILE = "offers.parquet"


@dataclass(frozen=True, slots=True)
class OfferedTo:
    """One offer of an experiment: who gets it, who would and is held out, and what it costs a customer.

    Attributes
    ----------
    offer : str
        What they get.
    customers, held_out : tuple of str
        Keys, those first who gain most.
    gain : float
        What those who get it are expected to bring beyond what they would bring anyway, as the rule was learned.
    outlay : float
        Expected cost of one of them.
    """

    offer: str
    customers: tuple[str, ...]
    held_out: tuple[str, ...]
    gain: float
    outlay: float


def offers_of(folder: Path, experiment: str) -> tuple[OfferedTo, ...]:
    """Who gets which offer of an experiment; none where the run has no such list."""
    path = folder / FILE
    if not path.exists():
        return ()
    engine = Engine()
    try:
        rows = engine.rows(
            "SELECT offer, list(customer_key ORDER BY expected_gain DESC, customer_key) FILTER (WHERE NOT held_out), "
            "list(customer_key ORDER BY expected_gain DESC, customer_key) FILTER (WHERE held_out), "
            "coalesce(sum(expected_gain) FILTER (WHERE NOT held_out), 0), "
            "coalesce(avg(expected_outlay) FILTER (WHERE NOT held_out), 0) "
            f"FROM read_parquet({literal(str(path))}) WHERE experiment = {literal(experiment)} AND offer <> 'nothing' "
            "GROUP BY offer ORDER BY offer"
        )
    finally:
        engine.close()
    return tuple(
        OfferedTo(str(offer), tuple(given or ()), tuple(held or ()), float(gain), float(outlay))
        for offer, given, held, gain, outlay in rows
        if given
    )


def customers_offered(folder: Path) -> dict[str, int]:
    """Customers among whom offers were chosen, by experiment."""
    path = folder / FILE
    try:
        written = path.stat().st_mtime_ns
    except OSError:
        return {}
    return dict(_counted(str(path), written))


@lru_cache(maxsize=4)
def _counted(path: str, written: int) -> tuple[tuple[str, int], ...]:
    del written
    engine = Engine()
    try:
        rows = engine.rows(f"SELECT experiment, count(*) FROM read_parquet({literal(path)}) GROUP BY experiment")
    finally:
        engine.close()
    return tuple((str(name), int(size)) for name, size in rows)
