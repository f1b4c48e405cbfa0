"""From the dialect of the templates, DuckDB's, to that of another engine, by sqlglot."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from keepers.data.backends.backend import Parameters
from keepers.domain.errors import EngineError, MissingExtraError

_DIGITS = 10
"""Digits of a fraction from which on it is a floating one: engines differ in how exact their decimals are."""


def translated(sql: str, dialect: str, parameters: Parameters | None = None, lower: bool = False) -> str:
    """A statement in another dialect.

    Parameters
    ----------
    sql : str
        In DuckDB's dialect.
    dialect : str
        sqlglot's name of the other one.
    parameters : mapping or sequence, optional
        Values for ``$name`` or ``$1``, which are written into the statement.
    lower : bool
        Whether all names are written in lower case, for an engine that tells quoted names apart by case.

    Raises
    ------
    EngineError
        The statement says what the other engine cannot.

    Examples
    --------
    >>> print(translated("SELECT date_diff('day', a, b) // 7 AS weeks FROM t", "spark"))
    SELECT DATEDIFF(DAY, a, b) DIV 7 AS weeks FROM t
    """
    if parameters:
        return _write(_bound(_parsed(sql), parameters), dialect, lower)
    return _cached(sql, dialect, lower)


@lru_cache(maxsize=512)
def _cached(sql: str, dialect: str, lower: bool) -> str:
    return _write(_parsed(sql), dialect, lower)


def _sqlglot() -> Any:
    try:
        import sqlglot
    except ImportError as error:
        raise MissingExtraError("sqlglot", "postgres' or 'keepers[spark]", "Another engine than DuckDB") from error
    return sqlglot


def _parsed(sql: str) -> Any:
    return _sqlglot().parse_one(sql, read="duckdb")


def _write(tree: Any, dialect: str, lower: bool) -> str:
    sqlglot = _sqlglot()
    exp = sqlglot.exp

    def fitted(node: Any) -> Any:
        if lower and isinstance(node, exp.Identifier):
            return exp.Identifier(this=node.name.lower(), quoted=True)
        if isinstance(node, exp.Literal) and not node.is_string and _is_long_fraction(node.name):
            return exp.cast(exp.Literal.string(node.name), "double")
        if dialect == "spark" and isinstance(node, exp.WithinGroup):
            name = {exp.PercentileDisc: "percentile_disc", exp.PercentileCont: "percentile_cont"}.get(type(node.this))
            if name is not None:
                # The translation on offer is an approximation.
                exact = exp.Anonymous(this=name, expressions=[node.this.this])
                return exp.WithinGroup(this=exact, expression=node.expression)
        return node

    try:
        return str(
            tree.transform(fitted).sql(dialect=dialect, unsupported_level=sqlglot.ErrorLevel.RAISE, comments=False)
        )
    except sqlglot.errors.UnsupportedError as error:
        raise EngineError(f"{dialect} has no words for a part of a query ({error}). Please report it.") from error


def _is_long_fraction(number: str) -> bool:
    digits, _, power = number.lower().partition("e")
    return bool(power) or ("." in digits and len(digits.replace(".", "").lstrip("0")) > _DIGITS)


def _bound(tree: Any, parameters: Parameters) -> Any:
    """The statement with values in the places of its parameters."""
    exp = _sqlglot().exp
    named = parameters if isinstance(parameters, Mapping) else {str(i): v for i, v in enumerate(parameters, start=1)}

    def filled(node: Any) -> Any:
        if isinstance(node, exp.Parameter | exp.Placeholder):
            return _value(exp, named[str(node.name or node.this.name)])
        return node

    return tree.transform(filled)


def _value(exp: Any, value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return exp.cast(exp.Literal.string(value.isoformat(sep=" ")), "timestamp")
    if isinstance(value, dt.date):
        return exp.cast(exp.Literal.string(value.isoformat()), "date")
    if isinstance(value, Decimal):
        return exp.Literal.number(str(value))
    return exp.convert(value)
