"""Engines by URL, plug-ins among them, and statements in their dialects."""

from __future__ import annotations

import datetime as dt
from importlib import metadata

import pytest

from keepers.data.backends.embedded import Embedded
from keepers.data.backends.spark_errors import in_words
from keepers.data.backends.translation import translated
from keepers.data.warehouse import connect
from keepers.domain.errors import ConfigError, EngineError


class Elsewhere(Embedded):
    """An engine of a package."""

    label = "Elsewhere"

    def __init__(self, url: str, schema: str = "keepers") -> None:
        super().__init__(threads=1)
        self.address = f"{url} {schema}"


def test_a_package_brings_an_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    point = metadata.EntryPoint("elsewhere", f"{__name__}:Elsewhere", "keepers.engines")
    monkeypatch.setattr(metadata.EntryPoint, "load", lambda _: Elsewhere)
    monkeypatch.setattr(metadata, "entry_points", lambda group: [point] if group == "keepers.engines" else [])
    engine = connect("elsewhere://there", schema="mine")
    assert engine.backend.address == "elsewhere://there mine"
    assert engine.row("SELECT 1 + 1") == (2,)
    with pytest.raises(ConfigError, match="does not take the options"):
        connect("elsewhere://there", colour="red")
    with pytest.raises(ConfigError, match="elsewhere://"):
        connect("oracle://there")


def test_names_fractions_and_values_are_fitted_to_the_dialect() -> None:
    sql = 'SELECT s."T_days" AS T, 0.12345678901234567 * x FROM t AS s WHERE d < $day'
    assert translated(sql, "postgres", {"day": dt.date(2026, 5, 1)}, lower=True) == (
        'SELECT "s"."t_days" AS "t", CAST(\'0.12345678901234567\' AS DOUBLE PRECISION) * "x" FROM "t" AS "s" '
        "WHERE \"d\" < CAST('2026-05-01' AS DATE)"
    )
    exact = translated("SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY v) FROM t", "spark")
    assert "percentile_cont(0.5) within group" in exact.lower()


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("org.apache.hadoop.security.AccessControlException: Permission denied", "let this user do both"),
        ("java.lang.OutOfMemoryError: Java heap space", r"spark\.executor\.memory"),
        ("All masters are unresponsive! Giving up.", "Check that the master runs"),
    ],
)
def test_what_spark_says_is_put_in_words(said: str, words: str) -> None:
    error = in_words(RuntimeError(said), "spark://host:7077", "keepers")
    assert isinstance(error, EngineError)
    with pytest.raises(EngineError, match=rf"Nothing was published.*{words}"):
        raise error
