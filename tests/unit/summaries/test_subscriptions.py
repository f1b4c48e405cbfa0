"""Contracts become spells with tenures in calendar periods, as they were known at the cut."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import keepers as kp
from keepers.data.engine import Engine
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.time import TimeUnit
from keepers.summaries.calendar_periods import part_of_period, whole_periods
from keepers.summaries.plan_history import plan_history

CUT = kp.ObservationWindow(calibration_end="2024-07-31")


def summary(rows: list[dict[str, Any]], window=CUT, **options: Any):
    """A summary of contracts, each a dict; and its rows by (customer, spell)."""
    names = [
        "customer_key",
        "started_on",
        *sorted(set().union(*rows) - {"customer_key", "started_on"}),
    ]
    frame = {name: [row.get(name) for row in rows] for name in names}
    made = kp.summarise_subscriptions(frame, window, **options)
    columns = made.columns
    found = {(row[0], row[1]): dict(zip(columns, row, strict=True)) for row in made.engine.rows(made.sql)}
    return made, found


def test_a_trial_is_no_contract() -> None:
    made, found = summary(
        [
            {"customer_key": "paid", "started_on": "2024-01-01", "trial_ends_on": "2024-01-14", "amount": 10.0},
            {
                "customer_key": "left",
                "started_on": "2024-01-01",
                "trial_ends_on": "2024-01-14",
                "ended_on": "2024-01-15",
            },
            {"customer_key": "on trial", "started_on": "2024-07-25", "trial_ends_on": "2024-08-08"},
            {"customer_key": "says so", "started_on": "2024-07-01", "status": "trial"},
        ]
    )
    assert list(found) == [("paid", 1)]
    row = found["paid", 1]
    assert str(row["started_on"]) == "2024-01-15"
    assert (row["periods"], row["ended"], row["state"]) == (6, False, "active")
    assert made.remarks[0] == "3 contracts were never paid for: trials, or ended on their first day."


def test_changes_of_plan_are_changes_of_price() -> None:
    _, found = summary(
        [
            {"customer_key": "a", "started_on": "2024-01-10", "ended_on": "2024-03-10", "plan": "s", "amount": 10.0},
            {"customer_key": "a", "started_on": "2024-03-10", "ended_on": "2024-05-10", "plan": "l", "amount": 30.0},
            {"customer_key": "a", "started_on": "2024-05-10", "plan": "m", "amount": 120.0, "interval": "year"},
            {"customer_key": "seats", "started_on": "2024-07-01", "amount": 5.0, "quantity": 4.0},
        ]
    )
    row = found["a", 1]
    assert (row["plan"], row["mrr"], row["upgrades"], row["downgrades"], row["contracts"]) == ("m", 10.0, 1, 1, 3)
    assert (row["periods"], row["ended"], row["end_kind"]) == (6, False, None)
    assert found["seats", 1]["mrr"] == 20.0


def test_a_gap_within_the_grace_is_a_pause_and_a_longer_one_an_end() -> None:
    rows = [
        {"customer_key": "a", "started_on": "2024-01-01", "ended_on": "2024-02-01", "amount": 10.0},
        {"customer_key": "a", "started_on": "2024-02-20", "ended_on": "2024-04-20", "amount": 10.0},
        {"customer_key": "a", "started_on": "2024-07-01", "amount": 10.0},
    ]
    _, found = summary(rows)
    first, second = found["a", 1], found["a", 2]
    assert (first["pauses"], first["ended"], first["periods"], first["latest"]) == (1, True, 4, False)
    assert str(first["ended_on"]) == "2024-04-20"
    assert (second["ended"], second["periods"], second["latest"]) == (False, 0, True)
    _, found = summary(rows, grace=kp.days(100))
    assert (found["a", 1]["pauses"], found["a", 1]["periods"]) == (2, 6)
    _, found = summary(rows, grace=kp.days(5))
    assert len(found) == 3


def test_overlapping_contracts_are_one_customer() -> None:
    _, found = summary(
        [
            {"customer_key": "a", "started_on": "2024-01-01", "ended_on": "2024-06-01", "plan": "x", "amount": 10.0},
            {"customer_key": "a", "started_on": "2024-02-01", "ended_on": "2024-03-01", "plan": "y", "amount": 5.0},
            {"customer_key": "b", "started_on": "2024-01-01", "plan": "x", "amount": 10.0},
            {"customer_key": "b", "started_on": "2024-02-01", "plan": "y", "amount": 5.0},
        ]
    )
    assert (found["a", 1]["plan"], found["a", 1]["periods"], found["a", 1]["mrr"]) == ("x", 5, 10.0)
    assert found["b", 1]["mrr"] == 15.0
    assert (found["a", 1]["upgrades"], found["a", 1]["downgrades"]) == (0, 0)


def test_what_happens_after_the_cut_is_not_known() -> None:
    made, found = summary(
        [
            {"customer_key": "a", "started_on": "2024-01-31", "ended_on": "2024-08-01", "status": "cancelled"},
            {"customer_key": "b", "started_on": "2024-08-01"},
            {"customer_key": None, "started_on": "2024-01-01"},
        ]
    )
    assert list(found) == [("a", 1)]
    assert (found["a", 1]["ended"], found["a", 1]["state"], found["a", 1]["periods"]) == (False, "active", 6)
    assert made.remarks[0] == "1 contract without a named customer was left out."
    assert "began after 2024-07-31" in made.remarks[1]


def test_kinds_of_endings_and_states() -> None:
    ended = {"started_on": "2024-01-01", "ended_on": "2024-03-01"}
    _, found = summary(
        [
            {"customer_key": "a", **ended, "cancellation_reason": "too expensive"},
            {"customer_key": "b", **ended, "cancellation_reason": "Payment failed"},
            {"customer_key": "c", **ended},
            {"customer_key": "d", "started_on": "2024-01-01", "status": "paused"},
            {"customer_key": "e", "started_on": "2024-01-01", "status": "past_due"},
        ]
    )
    kinds = {key[0]: (row["state"], row["end_kind"]) for key, row in found.items()}
    assert kinds == {
        "a": ("ended", "voluntary"), "b": ("ended", "involuntary"), "c": ("ended", "unknown"),
        "d": ("paused", None), "e": ("past_due", None),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("start", "end", "tenure", "periods"),
    [
        ("2024-01-31", "2024-02-29", 1.0, 1),
        ("2024-01-31", "2024-03-31", 2.0, 2),
        ("2024-01-15", "2024-02-14", 30 / 31, 1),
        ("2024-01-15", "2024-02-16", 1 + 1 / 29, 2),
        ("2024-02-29", "2024-03-30", 1 + 1 / 31, 2),
    ],
)
def test_calendar_months(start: str, end: str, tenure: float, periods: int) -> None:
    _, found = summary([{"customer_key": "a", "started_on": start, "ended_on": end}])
    assert found["a", 1]["tenure"] == pytest.approx(tenure, abs=1e-12)
    assert found["a", 1]["periods"] == periods


@pytest.mark.parametrize(("unit", "length"), [("day", 1), ("week", 7)])
def test_periods_of_fixed_length(unit: str, length: int) -> None:
    _, found = summary([{"customer_key": "a", "started_on": "2024-06-01", "interval": "week"}], period=unit)
    row = found["a", 1]
    assert row["tenure"] == pytest.approx(60 / length)
    assert row["periods"] == 60 // length
    assert row["next_renewal"] == pytest.approx(1 - 60 / length % 1)


def test_every_month_is_over_once() -> None:
    """Over years of days, whole months never fall and each is over on its own day."""
    engine = Engine()
    whole = whole_periods("s", "d", TimeUnit.MONTH)
    part = part_of_period("s", "d", f"({whole})", TimeUnit.MONTH)
    rows = engine.columns(
        f"""SELECT s, ({whole}) + ({part}) AS age, {part} AS part FROM (SELECT s, CAST(s + to_days(CAST(k AS INTEGER))
        AS DATE) AS d FROM (VALUES (DATE '2023-01-31'), (DATE '2024-02-29'), (DATE '2023-12-30'), (DATE '2024-05-15'))
        t(s), range(0, 800) steps(k)) ORDER BY s, d"""
    )
    for start in np.unique(rows["s"]):
        age = rows["age"][rows["s"] == start]
        assert np.all(np.diff(age) > 0)
        assert age[0] == 0
        assert age[-1] == pytest.approx(800 / 30.4375, abs=0.15)
    assert np.all((rows["part"] >= 0) & (rows["part"] < 1))


def test_observation_that_begins_late() -> None:
    rows = [
        {"customer_key": "old", "started_on": "2023-01-15", "ended_on": "2024-03-15"},
        {"customer_key": "unseen", "started_on": "2023-01-01", "ended_on": "2023-06-01"},
        {"customer_key": "new", "started_on": "2024-02-01"},
    ]
    made, found = summary(rows, observed_from="2024-01-01")
    assert set(found) == {("old", 1), ("new", 1)}
    assert (found["old", 1]["entry_periods"], found["old", 1]["periods"]) == (11, 14)
    assert found["old", 1]["entry"] == pytest.approx(11 + 17 / 31)
    cells = made.contract_cells(whole=True)["unnamed"]
    assert sorted(zip(cells.entry, cells.tenure, cells.ended, strict=True)) == [(0.0, 5.0, 0.0), (11.0, 14.0, 1.0)]
    many = [{"customer_key": f"c{k}", "started_on": "2022-01-01", "ended_on": "2024-03-15"} for k in range(30)]
    made, _ = summary(many)
    assert 'observed_from="2024-03-15"' in made.remarks[-1]


def test_models_take_summaries() -> None:
    made, found = summary(
        [
            {"customer_key": f"c{k}", "started_on": f"2024-0{1 + k % 5}-10", "plan": "ab"[k % 2], "amount": 10.0,
             "ended_on": f"2024-0{2 + k % 5 + k % 2}-10" if k % 3 else None}
            for k in range(40)
        ]
    )  # fmt: skip
    for model in (kp.ShiftedBetaGeometric(), kp.WeibullGamma()):
        fitted = model.fit(made, by="plan")
        assert set(fitted.plans_) == {"a", "b"}
        table = fitted.survival(made, kp.months(3))
        rows = {row[0]: row[1] for row in table.engine.rows(f"SELECT customer_key, survival FROM {table.name}")}
        assert len(rows) == len(found)
        for (customer, _), row in found.items():
            assert (rows[customer] == 0) == row["ended"]
        wide = fitted.interval(made, "survival", horizon=kp.months(3)).to_numpy()
        assert np.all(wide["survival_low"] <= wide["survival_high"])


def test_history_of_plans_pauses_and_returns() -> None:
    made, _ = summary(
        [
            {"customer_key": "a", "started_on": "2024-01-15", "ended_on": "2024-04-15", "plan": "s", "amount": 10.0},
            {"customer_key": "a", "started_on": "2024-04-15", "plan": "l", "amount": 30.0},
            {"customer_key": "b", "started_on": "2024-01-10", "ended_on": "2024-02-20", "plan": "s", "amount": 10.0},
            {"customer_key": "b", "started_on": "2024-03-10", "ended_on": "2024-04-10", "plan": "s", "amount": 10.0},
            {"customer_key": "b", "started_on": "2024-07-10", "plan": "s", "amount": 10.0},
        ]
    )
    found = plan_history(made)
    assert found.plans == ("l", "s")
    # Month ends, January to July. a: s s s l l l l. b: s, paused at the end of February, s, gone April to June, s.
    assert found.moves.tolist() == [[3.0, 0.0], [1.0, 2.0]]
    assert found.paused == (1.0, 7.0)
    assert found.resumed == (1.0, 1.0)
    assert found.away.tolist() == [1.0, 1.0, 1.0]
    assert found.returned.tolist() == [0.0, 0.0, 1.0]
    assert found.prices.tolist() == [30.0, 10.0]


def test_what_is_refused() -> None:
    with pytest.raises(InputError, match="lacks started_on"):
        kp.summarise_subscriptions({"customer_key": ["a"]})
    with pytest.raises(InputError, match="No contract of a known customer"):
        summary([{"customer_key": "a", "started_on": "2024-08-15"}])
    with pytest.raises(InputError, match="several currencies"):
        summary([{"customer_key": c, "started_on": "2024-01-15", "currency": c} for c in ("EUR", "USD")])
    with pytest.raises(ConfigError, match="after the cut"):
        summary([{"customer_key": "a", "started_on": "2024-01-15"}], observed_from="2025-01-01")
    with pytest.raises(InputError, match="is empty"):
        kp.summarise_subscriptions({"customer_key": [], "started_on": []})


def test_of_many_customers_some_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"customer_key": f"c{k}", "started_on": "2024-01-15", "plan": "a", "amount": 10.0} for k in range(400)]
    made, _ = summary(rows)
    every = plan_history(made).moves[0, 0]
    assert every == 400 * 6
    monkeypatch.setattr("keepers.summaries.plan_history.MOST_CUSTOMERS", 100)
    assert plan_history(made).moves[0, 0] == pytest.approx(every / 4, rel=0.3)
