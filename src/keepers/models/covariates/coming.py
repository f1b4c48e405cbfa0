"""When customers came and on which path they are, where covariates vary in time: of newcomers, of states, of draws."""

from __future__ import annotations

from typing import Any

import numpy as np

from keepers.domain.attributes import Attributes, plain_column
from keepers.domain.cells import Cells, FloatArray, IntArray
from keepers.domain.errors import InputError
from keepers.domain.time import TimeUnit, parse_day
from keepers.models.covariates.clocked import check_reach, draw_in_time
from keepers.models.covariates.encoding import Coding, level_text
from keepers.models.covariates.specification import Covariates
from keepers.models.covariates.varying import TimeVarying
from keepers.models.covariates.varying_parts import standard
from keepers.models.frames import attributes_given, frame_of
from keepers.numerics.likelihoods.family import BuyingFamily
from keepers.summaries.varying import DAYS, PATH, START, sum_of

FIRST_DAY = "first_day"
"""Column of attributes with the day of the first purchase, where it matters when customers come."""

KEY = "customer_key"
"""Column of attributes with the customer whose path of covariates holds, where paths are customers' own."""


def attributes_in_time(
    covariates: Covariates, given: Any, rows: int | None = None, first: Any = None
) -> tuple[Attributes, IntArray]:
    """What is known of customers who have no summary, and where they stand on the paths, as far as it is said.

    Parameters
    ----------
    covariates : Covariates
        With some that vary in time.
    given : frame, dict or None
        The columns that do not vary, perhaps `first_day`, and `customer_key` where paths are customers' own.
    rows : int, optional
        How many customers there must be.
    first : array of days, optional
        Days of the first purchases, where they are known otherwise.

    Raises
    ------
    InputError
        If a column is missing, nobody has such a path, or a first purchase is before the paths begin.
    """
    varying = covariates.varying
    assert varying is not None
    listed = [] if given is None else list(given) if isinstance(given, dict) else frame_of(given).columns
    wanted = list(covariates.columns)
    if varying.keys is not None:
        wanted.append(KEY)
    if first is None and FIRST_DAY in listed:
        wanted.append(FIRST_DAY)
    columns: dict[str, Any] = {}
    if wanted:
        table, pattern = attributes_given(given, wanted, rows)
        columns = {name: column[pattern] for name, column in table.columns.items()}
    size = rows if rows is not None else max((len(column) for column in columns.values()), default=1)
    days = columns.pop(FIRST_DAY, None) if first is None else first
    keys = columns.pop(KEY, None)
    place: dict[str, Any] = {PATH: np.zeros(size) if keys is None else paths_of(varying, keys)}
    if days is not None:
        place[START] = starts_of(varying, days)
    return Attributes.of_rows({**columns, **place})


def draw_newcomers(
    family: BuyingFamily,
    coding: Coding,
    theta: FloatArray,
    who: Attributes,
    pattern: IntArray,
    T: FloatArray,
    unit_days: float,
    every_purchase: bool,
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray, Attributes]:
    """Draw x and t_x of customers with these attributes, and all that a summary would know of them, a row each.

    Parameters
    ----------
    who, pattern : Attributes, array of int, shape (n,)
        Columns that do not vary, START and PATH of each customer.
    T : array, shape (n,)
        How long each is observed, in the model's unit.
    every_purchase : bool
        Whether the moments of all purchases are wanted among the attributes.

    Raises
    ------
    ConfigError
        If the calendar does not reach to the end of what is drawn.
    """
    covariates = coding.covariates
    assert covariates.varying is not None
    names = covariates.varying_of("purchase")
    columns = {name: column[pattern] for name, column in who.columns.items()}
    check_reach(covariates.varying, float((columns[START] / unit_days + T).max(initial=0.0)), unit_days)
    drawn = draw_in_time(family, coding, theta, who, pattern, T, unit_days, rng)
    seen = drawn.seen + drawn.x[:, None] * standard(covariates, "purchase")[0]
    columns |= {sum_of(name): np.ascontiguousarray(seen[:, place]) for place, name in enumerate(names)}
    if every_purchase:
        ends = np.cumsum(drawn.bought.counts)[:-1]
        ages = np.split(drawn.bought.age * unit_days, ends)
        columns[DAYS] = np.array([" ".join(map(repr, some.tolist())) for some in ages], dtype=object)
    return drawn.x, drawn.t_x, Attributes(columns)


def without_history(covariates: Covariates, who: Attributes, now: float, unit: TimeUnit) -> Cells:
    """Customers who make their first purchase on their day, or `now`: a row each pattern of attributes."""
    size = who.size
    columns = dict(who.columns)
    columns.setdefault(START, np.full(size, now))
    columns.setdefault(PATH, np.zeros(size))
    columns |= {sum_of(name): np.zeros(size) for name in covariates.varying_of("purchase")}
    nothing = np.zeros(size)
    return Cells(
        nothing, nothing, nothing, np.ones(size), unit, pattern=np.arange(size), attributes=Attributes(columns)
    )


def paths_of(varying: TimeVarying, keys: Any) -> FloatArray:
    """The path of each of these customers."""
    assert varying.keys is not None
    known = {key: place for place, key in enumerate(varying.keys)}
    named = [level_text(key) for key in keys]
    lost = [key for key in named if key not in known]
    if lost:
        raise InputError(
            f"{len(lost):,} customers have no path of covariates (first: {lost[0]}). `{KEY}` names a customer of the "
            "paths, whose covariates hold: give the model paths that have everybody."
        )
    return np.array([known[key] for key in named], dtype=np.float64)


def starts_of(varying: TimeVarying, days: Any, name: str = FIRST_DAY, began: str = "first bought") -> FloatArray:
    """Days from the start of the paths to those on which customers began."""
    if not isinstance(days, np.ndarray) or days.dtype.kind != "M":
        texts = [str(day)[:10] for day in plain_column(days).tolist()]
        days = [parse_day(text, name) for text in texts]
    first = np.asarray(days, dtype="datetime64[D]")
    since = (first - np.datetime64(varying.start, "D")).astype(np.float64)
    early = np.flatnonzero(~(since >= 0))
    if early.size:
        raise InputError(
            f"{early.size:,} customers {began} before {varying.start}, where the covariates begin (the first on "
            f"{first[early[0]]}). Let them begin earlier."
        )
    return since
