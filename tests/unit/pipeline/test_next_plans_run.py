"""The next plan of subscribers in a run: its file, summary, report, what is proposed, what an answer does."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from keepers.data.engine import Engine, literal
from keepers.domain.errors import FitError
from keepers.pipeline.deciding import give_answer
from keepers.pipeline.next_plan_list import FILE, find_next_plans, plans_offered
from keepers.pipeline.options import RunOptions
from keepers.pipeline.run import RunResult, run
from keepers.pipeline.this_week import proposals
from keepers.simulate import Contracts, Plan, StorePlan, simulate_store
from keepers.storage.state import State
from keepers.valuation import subscription_draws

PLANS = (Plan("Taster", 19.0, 1.4), Plan("Classic", 29.0, 1.2), Plan("Household", 46.0, 0.5))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """A run on subscriptions of whom some changed their plan, and stayed the longer for it."""
    home = tmp_path_factory.mktemp("plans")
    law = Contracts(PLANS, share=0.9, upgrade=0.06, downgrade=0.004, after_upgrade=0.3)
    store = simulate_store(900, seed=4, plan=StorePlan(contracts=law))
    columns = "customer_key AS customer, plan, amount, interval, status, started_on, trial_ends_on, ended_on"
    table = store.tables["subscriptions"]
    path = literal(str(home / "subscriptions.csv"))
    table.engine.execute(f"COPY (SELECT {columns} FROM {table.name}) TO {path} (HEADER)")
    options = RunOptions(into=home / "result", model="shifted-beta-geometric", backtest=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subscription_draws, "_BUDGET", 1)
        patch.setattr(subscription_draws, "_FEWEST", 20)
        return run([str(home / "subscriptions.csv")], options)


def test_the_file_the_summary_and_the_report_say_the_same(made: RunResult) -> None:
    told = made.summary["subscriptions"]["next_plans"]
    (upgrade,) = (one for one in told["changes"] if one["name"] == "upgrade")
    assert upgrade["evidence"] == "adjusted"
    assert upgrade["gain"]["low"] > 0, "the larger plan costs more and keeps longer"
    engine = Engine()
    path = literal(str(made.folder / FILE))
    rows = engine.rows(
        "SELECT count(*), count(*) FILTER (change = 'upgrade' AND NOT held_out), count(*) FILTER (held_out), "
        "sum(expected_gain) FILTER (change = 'upgrade' AND NOT held_out), "
        "count(*) FILTER (change IS NOT NULL AND next_plan = plan), "
        "count(*) FILTER (plan = 'Household' AND change = 'upgrade')"
        f" FROM read_parquet({path})"
    )
    everybody, proposed, held, gain, same, beyond = rows[0]
    assert everybody == told["subscribers"] == made.summary["subscriptions"]["active"] + _others(made)
    assert (proposed, held) == (upgrade["proposed"], sum(one["held_out"] for one in told["changes"]))
    assert proposed > 20
    assert held > 0
    assert gain == pytest.approx(upgrade["expected_gain"])
    assert same == beyond == 0
    assert [one["change"] for one in told["too_few"]] == ["downgrade", "add-on"]
    assert sum(one["subscribers"] for one in told["steps"]) == proposed
    html = (made.folder / "report.html").read_text(encoding="utf-8")
    assert "Which plan should subscribers have next?" in html
    assert "Too few to tell what they bring: to a smaller plan" in html
    assert (made.folder / "next_plans.csv").exists()


def _others(made: RunResult) -> int:
    found = made.summary["subscriptions"]
    return int(found["past_due"] + found["paused"])


def test_the_change_is_proposed_and_an_answer_is_kept_with_who_is_left_alone(made: RunResult, tmp_path: Path) -> None:
    said = json.loads((made.folder / "summary.json").read_text(encoding="utf-8"))
    (one,) = (proposal for proposal in proposals(said) if proposal.kind == "plan")
    upgrade = said["subscriptions"]["next_plans"]["changes"][0]
    assert one.money == pytest.approx(0.1 * upgrade["expected_gain"])
    assert "if one in ten takes it" in one.money_is
    assert one.address == "/subscriptions#plans"
    offered = plans_offered(made.folder, "upgrade")
    with State(tmp_path) as state, state.writing() as books:
        now = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
        give_answer(books, one, True, "let us try it", "ada@example.com", now, folder=made.folder)
        kept = [books.ledger.decision(name) for name in books.ledger.decisions()]
    assert [decision.audience.customer_keys for decision in kept if decision is not None] == [
        one.customers for one in offered
    ]
    assert sum(len(decision.audience.held_out_keys) for decision in kept if decision is not None) > 0
    assert sum(decision.expected_gain for decision in kept if decision is not None) == pytest.approx(one.money)
    assert plans_offered(made.folder, "downgrade") == ()
    assert plans_offered(tmp_path, "upgrade") == ()


def test_the_page_names_every_key(made: RunResult) -> None:
    page = (Path(__file__).parents[3] / "docs" / "subscriptions.md").read_text(encoding="utf-8")
    cells = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `subscriptions.next_plans.")]
    named = {word for cell in cells for word in re.findall(r"[a-z_]+", cell)}
    told = made.summary["subscriptions"]["next_plans"]
    keys = set(told)
    for part in told.values():
        for one in part if isinstance(part, list) else [part]:
            keys |= set(one) if isinstance(one, dict) else set()
    assert keys <= named, keys - named
    assert named - {"subscriptions", "next_plans", "value", "low", "high", "level"} <= keys


def test_a_run_goes_on_where_contracts_have_no_common_law(monkeypatch: pytest.MonkeyPatch) -> None:
    """Values may rest on a model with covariates that fits where the one law that next plans need does not."""

    def fails(*_: Any) -> None:
        raise FitError("The likelihood has no maximum.")

    monkeypatch.setattr("keepers.retention.next_plans.next_plans", fails)
    values = SimpleNamespace(has_money=True, facts=SimpleNamespace(states=SimpleNamespace(plans=("small", "large"))))
    assert find_next_plans(SimpleNamespace(tables={}), values) is None  # type: ignore[arg-type]
