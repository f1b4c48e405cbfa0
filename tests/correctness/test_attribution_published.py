"""Attribution of the public table of 10,000 paths over 12 channels, where it is at hand, and of cases done by hand."""

from __future__ import annotations

import csv
import time
from pathlib import Path

import pytest

from keepers.acquisition.attribution.credits import Attribution
from keepers.acquisition.attribution.path_table import attribute_paths
from keepers.domain.errors import ConfigError, InputError
from keepers.numerics.absorbing_chain import Chain, Visits
from keepers.numerics.path_rules import PathArrays

# Order-1 absorbing chain with null paths, exact: removal effects, and what heuristics credit.
EFFECTS = {
    "alpha": 0.558399, "iota": 0.405835, "eta": 0.349026, "beta": 0.264039, "theta": 0.206010, "lambda": 0.134022,
    "epsilon": 0.062639, "zeta": 0.039811,
}  # fmt: skip
FIRST = {"alpha": 6308, "iota": 4606, "eta": 3164}
LAST = {"alpha": 8447, "eta": 4167, "iota": 3355}


def _table() -> dict[str, list[object]]:
    for folder in Path(__file__).resolve().parents:
        file = folder / "shared" / "data" / "attribution_paths.csv"
        if file.exists():
            with file.open(newline="") as lines:
                rows = list(csv.DictReader(lines))
            names = {"path": str, "total_conversions": float, "total_conversion_value": float, "total_null": float}
            return {name: [kind(row[name]) for row in rows] for name, kind in names.items()}
    pytest.skip("the public table of paths is not beside the project")


@pytest.fixture(scope="module")
def found() -> Attribution:
    began = time.process_time()
    made = attribute_paths(
        _table(), conversions="total_conversions", value="total_conversion_value", nulls="total_null", order=1
    )
    # Reading 10,000 paths, five rules and the chain on conversions and value.
    assert time.process_time() - began < 1.0
    return made


def test_removal_effects_are_the_published_ones(found: Attribution) -> None:
    credits = {one.channel: one.customers for one in found.method("markov").credits}
    # Credits are effects scaled to the total, so that their ratios are those of the effects.
    for name, effect in EFFECTS.items():
        assert credits[name] / credits["alpha"] * EFFECTS["alpha"] == pytest.approx(effect, abs=1.5e-6)
    assert sum(credits.values()) == pytest.approx(19_785)
    assert found.total == pytest.approx(74_802.97, abs=0.005)
    assert (found.customers, found.lost) == (19_785, 68_602)
    assert found.customers / (found.customers + found.lost) == pytest.approx(0.223845, abs=5e-7)


def test_effects_themselves_to_six_digits() -> None:
    table = _table()
    names = sorted({step for path in table["path"] for step in str(path).split(" > ")})
    flat = [[names.index(step) for step in str(path).split(" > ")] for path in table["path"]]
    import numpy as np

    paths = PathArrays(
        np.array([step for way in flat for step in way]),
        np.concatenate([[0], np.cumsum([len(way) for way in flat])]),
        12,
    )
    visits = Visits(np.array(table["total_conversions"], float), np.array(table["total_null"], float))
    effect = Chain(paths, visits, 1).removal(visits.conversions).effect
    for name, value in EFFECTS.items():
        assert effect[names.index(name)] == pytest.approx(value, abs=5e-7)


@pytest.mark.parametrize(("rule", "credits"), [("first", FIRST), ("last", LAST)])
def test_heuristics_credit_the_published_conversions(found: Attribution, rule: str, credits: dict[str, int]) -> None:
    for name, conversions in credits.items():
        assert found.method(rule).of(name).customers == pytest.approx(conversions)


def test_a_chain_done_by_hand() -> None:
    table = {"path": ["ads > mail", "ads", "mail"], "conversions": [2, 1, 0], "value": [30, 5, 0], "nulls": [1, 5, 4]}
    found = attribute_paths(table, value="value", nulls="nulls", order=1)
    # Without ads: 4/13 begin with mail, of whom 2/7 convert. Without mail: 9/13 begin with ads, of whom 1/9 convert.
    ads, mail = 1 - (4 / 13) * (2 / 7) / (3 / 13), 1 - (9 / 13) * (1 / 9) / (3 / 13)
    assert found.method("markov").of("ads").customers == pytest.approx(3 * ads / (ads + mail))
    # In money: mail's conversions bring 15 each, that of ads alone 5; of 13 visitors 35 in all.
    ads, mail = 1 - (4 / 13) * (30 / 7) / (35 / 13), 1 - (9 / 13) * (5 / 9) / (35 / 13)
    assert found.method("markov").of("ads").value == pytest.approx(35 * ads / (ads + mail))
    assert found.method("shapley").of("mail").value == pytest.approx(15)
    assert found.method("last").of("mail").customers == 2


def test_tables_that_cannot_be_read_are_refused_in_words() -> None:
    table = {"path": ["ads > mail", "ads"], "conversions": [1, 2]}
    assert "no visitors who did not convert" in attribute_paths(table).notes[0]
    with pytest.raises(InputError, match="no column 'way'"):
        attribute_paths(table, path="way")
    with pytest.raises(InputError, match="-1 in row 2"):
        attribute_paths(table | {"conversions": [1, -1]})
    with pytest.raises(InputError, match="No path has a conversion"):
        attribute_paths(table | {"conversions": [0, 0]})
    with pytest.raises(InputError, match="empty step"):
        attribute_paths(table | {"path": ["ads > ", "ads"]})
    with pytest.raises(ConfigError, match="1 to 3 contacts"):
        attribute_paths(table, order=4)
