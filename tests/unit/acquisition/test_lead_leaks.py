"""Columns of leads that know their outcome: each kind is found and named, and honest columns are not."""

from dataclasses import replace

import numpy as np
import pytest

from keepers.acquisition.leads.leaks import find_lead_leaks
from keepers.acquisition.leads.table import LeadTable, read_leads
from lead_stores import lead_store


@pytest.fixture(scope="module")
def leads() -> LeadTable:
    return read_leads(lead_store())


def _with(leads: LeadTable, **columns: np.ndarray) -> LeadTable:
    return replace(leads, columns={**leads.columns, **columns})


def test_what_is_known_when_a_lead_comes_is_no_leak(leads: LeadTable) -> None:
    assert {"interest", "company_size", "pages_seen_before", "amount"} <= leads.columns.keys()
    assert find_lead_leaks(leads) == ()


def test_every_kind_of_leak_is_named(leads: LeadTable) -> None:
    rng = np.random.default_rng(1)
    n, won, lost = leads.size, leads.won, ~leads.won & ~leads.open
    planted = _with(
        leads,
        last_contact=leads.day + np.maximum(leads.days - 2, 0),
        contract_value=np.where(won, rng.gamma(2.0, 100.0, n), np.nan),
        loss_reason=np.where(lost & (rng.random(n) < 0.8), "price", None).astype(object),
        days_in_pipeline=leads.days.astype(float),
        crm_score=np.where(won, 80, np.where(lost, 20, 50)) + rng.normal(0, 14, n),
        onboarding=np.where(won & (rng.random(n) < 0.3), "pro", None).astype(object),
    )
    found = {leak.column: leak for leak in find_lead_leaks(planted)}
    assert found.keys() == {
        "last_contact", "contract_value", "loss_reason", "days_in_pipeline", "crm_score", "onboarding"
    }  # fmt: skip
    assert found["last_contact"].kind == "later day"
    assert found["loss_reason"].kind in ("filled later", "implausible")
    assert found["days_in_pipeline"].kind == "grows"
    assert "crm score" in found["crm_score"].sentence


def test_a_strong_but_honest_column_stays(leads: LeadTable) -> None:
    """A column that doubles the odds is what one hopes for, not a leak."""
    rng = np.random.default_rng(2)
    hot = np.where(rng.random(leads.size) < np.where(leads.won, 0.7, 0.35), "hot", "cold").astype(object)
    assert find_lead_leaks(_with(leads, temperature=hot)) == ()
