"""The templates of summaries and values hold to what PostgreSQL and Spark can say too."""

from __future__ import annotations

import re
from collections import defaultdict
from importlib import resources

import pytest
import sqlglot

_PACKAGES = ("keepers.summaries.sql", "keepers.valuation.sql")
_TEMPLATES = [
    (package, file.name)
    for package in _PACKAGES
    for file in resources.files(package).iterdir()
    if file.name.endswith(".sql")
]
_QUERY = "SELECT a AS customer_key, b AS day, c AS purchased_on, d AS orders, e AS revenue, f AS money FROM t"
_FILLED = {
    "purchase_days": _QUERY, "purchases": _QUERY, "cut": "DATE '2024-01-01'", "until": "DATE '2024-01-01'",
    "after": "DATE '2024-01-01'", "start": "DATE '2024-01-01'", "start_before": "DATE '2024-01-01'",
    "scores": "1 AS r_score", "money": "amount", "states": "WHEN 1 THEN 'active'", "cuts": "1 AS cut",
    "holdout_sums": "", "holdout_columns": "", "and_group": "", "group": "", "summary_group": "", "join": "",
    "keys": "", "order": "", "features": "1 AS one", "joins": "", "pattern": "", "and_pattern": "",
}  # fmt: skip
_OWN = {
    "contract_cells.sql": {"columns": ", a, b", "places": ", 5, 6"},
    "subscription_cells.sql": {"known": ", a", "places": ", 10"},
}
"""What only these templates mean by a name: columns added to a list."""


@pytest.mark.parametrize(("package", "name"), _TEMPLATES)
@pytest.mark.parametrize("dialect", ["postgres", "spark"])
def test_templates_are_transpiled(package: str, name: str, dialect: str) -> None:
    text = resources.files(package).joinpath(name).read_text(encoding="utf-8")
    sql = text.format_map(defaultdict(lambda: "name", _FILLED | _OWN.get(name, {})))
    (written,) = sqlglot.transpile(sql, read="duckdb", write=dialect, unsupported_level=sqlglot.ErrorLevel.RAISE)
    assert sqlglot.parse_one(written, read=dialect) is not None


@pytest.mark.parametrize(("package", "name"), _TEMPLATES)
def test_templates_use_nothing_that_only_one_engine_has(package: str, name: str) -> None:
    text = resources.files(package).joinpath(name).read_text(encoding="utf-8")
    assert text.startswith("-- "), "a template says in its first line what it gives"
    for word in ("arg_min", "arg_max", "QUALIFY", "EXCLUDE", "list_", "struct", "::", "FILTER"):
        assert not re.search(re.escape(word), text, re.IGNORECASE), word
