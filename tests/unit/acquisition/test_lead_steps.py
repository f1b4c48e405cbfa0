"""What steps add: an experiment's effect is found and graded, a step that follows good leads adds nothing."""

import numpy as np
import pytest

from keepers.acquisition.leads.scores import LeadScores, score_leads
from keepers.acquisition.leads.steps import lead_steps
from keepers.data.table import Table
from keepers.domain.decision import EvidenceGrade
from keepers.numerics.conversion import Outcome
from keepers.simulate.store import Store
from lead_stores import lead_store


@pytest.fixture(scope="module")
def both() -> tuple[Store, LeadScores]:
    store = lead_store()
    return store, score_leads(store, tested=False)


def _with(store: Store, **tables: dict[str, np.ndarray]) -> Store:
    engine = store.engine
    made = {
        name: Table(engine, engine.from_columns(engine.new_name(name), columns)) for name, columns in tables.items()
    }
    kept = {name: table for name, table in store.tables.items() if name not in ("engagement", "visits", "treatments")}

    class Held:
        """A store with other tables."""

    held = Held()
    held.engine, held.tables = engine, kept | made  # type: ignore[attr-defined]
    return held  # type: ignore[return-value]


def test_an_offer_by_lot_is_proven(both: tuple[Store, LeadScores]) -> None:
    """Given to seven of ten of those who were won within 60 days, and to four of ten of the others."""
    store, scores = both
    rng, leads = np.random.default_rng(1), scores.leads
    won = (leads.outcome == Outcome.WON) & (leads.days <= 60)
    given = rng.random(leads.size) < np.where(won, 0.7, 0.4)
    columns = {
        "customer_key": leads.keys, "day": leads.day.astype("datetime64[us]"),
        "offer": np.where(given, "sample box", "control").astype(object), "propensity": np.full(leads.size, 0.5),
    }  # fmt: skip
    (found,) = lead_steps(_with(store, treatments=columns), scores)
    assert (found.step, found.evidence) == ("sample box", EvidenceGrade.EXPERIMENTAL)
    old = leads.age >= 60
    plain = won[old & given].mean() - won[old & ~given].mean()
    assert found.chance == pytest.approx(plain, abs=0.03)
    assert found.chance_low > 0
    assert found.value_low > 0


def test_a_mailing_that_goes_to_good_leads_adds_nothing(both: tuple[Store, LeadScores]) -> None:
    store, scores = both
    rng, leads = np.random.default_rng(2), scores.leads
    chance = scores.conversion.chance(scores.conversion.design.codes(leads), np.zeros(leads.size), np.inf)
    good = chance > np.quantile(chance, 0.7)
    sent = np.flatnonzero(rng.random(leads.size) < np.where(good, 0.9, 0.15))
    columns = {
        "customer_key": leads.keys[sent], "day": (leads.day[sent] + np.timedelta64(2, "D")).astype("datetime64[us]"),
        "kind": np.full(sent.size, "sent", dtype=object), "campaign": np.full(sent.size, "welcome", dtype=object),
    }  # fmt: skip
    (found,) = lead_steps(_with(store, engagement=columns), scores)
    assert found.evidence is EvidenceGrade.ADJUSTED
    won, still = leads.won, leads.days > 7
    had = np.isin(np.arange(leads.size), sent)
    plain = won[still & had].mean() - won[still & ~had].mean()
    assert plain > 0.06
    assert abs(found.chance) < 0.04
    assert found.chance_low < 0.01
