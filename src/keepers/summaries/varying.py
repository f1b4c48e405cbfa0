"""What covariates that vary in time need of a summary: where customers stand on the paths, and sums at purchases."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np

from keepers.data.engine import quoted, template
from keepers.data.table import Table
from keepers.domain.cells import FloatArray
from keepers.domain.errors import InputError
from keepers.summaries.purchases import PACKAGE, day_literal
from keepers.summaries.summary import Summary

START, PATH, DAYS = "varying:start", "varying:path", "varying:days"
"""Attributes: days from the start of the paths to the first purchase, the customer's path, and the days of the repeat
purchases since the first one, as a text ("7 30 31")."""


def sum_of(name: str) -> str:
    """The attribute with the sum of a covariate over the repeat purchases.

    >>> sum_of("holiday")
    'varying:sum:holiday'
    """
    return f"varying:sum:{name}"


def join_paths(
    summary: Summary, start: dt.date, names: Sequence[str], values: FloatArray, keys: Sequence[str] | None, week: int
) -> Summary:
    """The summary with the attributes that a model with covariates of time needs.

    Parameters
    ----------
    summary : Summary
        Made of orders.
    start : date
        First day of the paths.
    names, values : sequence of str, array of shape (p, m, k)
        Covariates, and their values in m periods of p paths.
    keys : sequence of str or None
        The customer of each path; None where there is one path.
    week : int
        Days of a period.

    Raises
    ------
    InputError
        If the paths start too late, or customers have none.
    """
    if summary.facts.opportunities:
        raise InputError(
            "Covariates that vary in time tell of days, and this summary counts opportunities. Make it with "
            "`keepers.summarise(orders, window, covariates=paths)`, for a model of continuous time."
        )
    engine = summary.engine
    early, first = engine.row(
        f"SELECT count(*), min(first_day) FROM {quoted(summary.name)} WHERE first_day < {day_literal(start)}"
    )
    if early:
        raise InputError(
            f"{early:,} customers first bought before {start}, where the covariates begin (the first on {first}). Let "
            "them begin earlier."
        )
    paths, periods, _ = values.shape
    table = engine.from_columns(
        engine.new_name("path_values"),
        {
            "path": np.repeat(np.arange(paths), periods),
            "period": np.tile(np.arange(periods), paths),
            **{f"z{place}": np.ascontiguousarray(values[..., place]).ravel() for place in range(len(names))},
        },
    )
    owners = None if keys is None else _owners(summary, keys)
    joined = "" if owners is None else _joined(owners)
    sql = template(PACKAGE, "varying").format(
        purchase_days=summary.purchase_days_sql(),
        summary=quoted(summary.name),
        values=quoted(table),
        keys=joined,
        path="0" if owners is None else "owner.path",
        start=day_literal(start),
        week=repr(float(week)),
        last=periods - 1,
        sums=", ".join(f"sum(value.z{place}) AS z{place}" for place in range(len(names))),
        columns=",\n    ".join(
            f"CAST(coalesce(seen.z{place}, 0) AS DOUBLE) AS z{place}" for place in range(len(names))
        ),
    )
    found = engine.create(engine.new_name("varying"), sql)
    listed = [
        ("first_place", START),
        ("path_place", PATH),
        ("days", DAYS),
        *((f"z{n}", sum_of(name)) for n, name in enumerate(names)),
    ]
    renamed = engine.create(
        engine.new_name("varying"),
        f"SELECT customer_key, {', '.join(f'{one} AS {quoted(other)}' for one, other in listed)} FROM {quoted(found)}",
    )
    result = summary.with_columns(Table(engine, renamed), "customer_key", [other for _, other in listed])
    for name in (table, owners, found, renamed):
        if name is not None:
            engine.drop(name)
    return result


def _owners(summary: Summary, keys: Sequence[str]) -> str:
    """A table of whose path each one is; refused where a customer has none."""
    engine = summary.engine
    owners = engine.from_columns(
        engine.new_name("path_keys"), {"key": np.array(keys, dtype=object), "path": np.arange(len(keys))}
    )
    lost = engine.rows(
        f"SELECT summary.customer_key FROM {quoted(summary.name)} AS summary {_joined(owners)} "
        "WHERE owner.path IS NULL ORDER BY 1"
    )
    if lost:
        raise InputError(
            f"{len(lost):,} customers have no path of covariates (first: {lost[0][0]}). Give every customer one."
        )
    return owners


def _joined(owners: str) -> str:
    return f"LEFT JOIN {quoted(owners)} AS owner ON owner.key = summary.customer_key"
