"""What is known of customers' spend by Gamma-Gamma, as SQL over the columns of a summary."""

from __future__ import annotations

from dataclasses import dataclass

from keepers.data.engine import literal, quoted
from keepers.domain.cells import FloatArray
from keepers.models.covariates.encoding import Coding, ColumnCode
from keepers.models.spend.spend_rows import summary_columns

_INFINITE = "CAST('infinity' AS DOUBLE)"


@dataclass(frozen=True, slots=True)
class PosteriorSql:
    """Moments of each customer's mean spend, as SQL expressions.

    Parameters
    ----------
    mean, second_moment : str
        Of the customer's mean spend; infinite where the model has none.
    """

    mean: str
    second_moment: str


def posterior_sql(
    theta: FloatArray, coding: Coding | None, include_first: bool, orders: str | None, mean: str | None
) -> PosteriorSql:
    """The moments, from SQL of the number of orders and of their mean value.

    Parameters
    ----------
    theta : (p, q, gamma), followed by coefficients
    coding : Coding or None
        Of the covariates.
    include_first : bool
        Whether first orders count.
    orders, mean : str or None
        SQL over the columns of a customer; the summary's own columns where it is None.
    """
    own_orders, own_mean = summary_columns(include_first)
    orders, mean = orders or own_orders, mean or own_mean
    p, q, gamma = (float(value) for value in theta[:3])
    level = repr(gamma) if coding is None else f"{gamma!r} * exp({effects_sql(coding, theta)})"
    # A mean that is not known (NULL) makes a customer like one without orders; returns beyond purchases count none.
    known = f"(CASE WHEN ({mean}) IS NULL THEN 0 ELSE ({orders}) END)"
    shape = f"({p!r} * {known} + {q!r})"
    money = f"({level} + {known} * greatest(coalesce(CAST(({mean}) AS DOUBLE), 0), 0))"
    first = f"{p!r} * {money} / ({shape} - 1)"
    second = f"power({p!r} * {money}, 2) / (({shape} - 1) * ({shape} - 2))"
    return PosteriorSql(
        first if q > 1 else f"CASE WHEN {shape} > 1 THEN {first} ELSE {_INFINITE} END",
        second if q > 2 else f"CASE WHEN {shape} > 2 THEN {second} ELSE {_INFINITE} END",
    )


def effects_sql(coding: Coding, theta: FloatArray, symbol: str = "gamma", table: str = "") -> str:
    """The logarithm of the factor of a parameter as SQL over columns of attributes.

    It is empty for a level that the fit did not see, unless such count as the reference.
    """
    codes = {label: code for code in coding.codes for label in code.labels}
    by_column: dict[str, dict[str, float]] = {}
    own = coding.symbols.index(symbol)
    for place in (one for one in coding.places if one.parameter == own):
        value = place.value if place.free < 0 else float(theta[len(coding.symbols) + place.free])
        by_column.setdefault(codes[place.label].column, {})[place.label] = value
    terms = []
    for column, values in by_column.items():
        code = codes[next(iter(values))]
        if code.levels:
            terms.append(_levels_sql(code, values, coding.covariates.unseen, table))
        else:
            terms.append(f"{values[column]!r} * (CAST({table}{quoted(column)} AS DOUBLE) - {code.centre!r})")
    return f"({' + '.join(terms) or '0.0'})"


def _levels_sql(code: ColumnCode, values: dict[str, float], unseen: str, table: str) -> str:
    numbers = all(_is_number(level) for level in code.levels)
    named = {level: repr(float(level)) if numbers else literal(level) for level in code.levels}
    effects = {code.levels[0]: 0.0, **dict(zip(code.levels[1:], (values[label] for label in code.labels), strict=True))}
    whens = " ".join(f"WHEN {named[level]} THEN {effect!r}" for level, effect in effects.items())
    other = " ELSE 0.0" if unseen == "reference" else ""
    return f"CASE CAST({table}{quoted(code.column)} AS {'DOUBLE' if numbers else 'VARCHAR'}) {whens}{other} END"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
