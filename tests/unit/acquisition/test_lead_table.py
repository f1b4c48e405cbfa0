"""Leads as rows: won by the list or by a first order, open, lost, and as they stood on an earlier day."""

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

import keepers as kp
from keepers.acquisition.leads.table import LeadTable, lead_orders, read_leads
from keepers.domain.errors import InputError
from keepers.numerics.conversion import Outcome

ORDERS = """order_id,email,date,amount
1,a@x.example,2026-03-10,50
2,b@x.example,2026-03-20,70
3,b@x.example,2026-05-01,30
4,d@x.example,2026-01-05,20
5,d@x.example,2026-04-01,25
6,z@x.example,2026-06-30,10
"""
LEADS = """lead_id,email,created_at,stage,close_date,company_size
L1,a@x.example,2026-03-01,closed won,2026-03-08,1-9
L2,b@x.example,2026-03-02,closed won,,10-49
L3,c@x.example,2026-03-03,closed lost,2026-04-03,1-9
L4,d@x.example,2026-03-04,inquiry,,1-9
L5,e@x.example,2026-06-29,inquiry,2026-12-31,10-49
L6,f@x.example,2026-03-06,closed lost,,1-9
"""


@pytest.fixture
def leads(tmp_path: Path) -> LeadTable:
    (tmp_path / "orders.csv").write_text(ORDERS, encoding="utf-8")
    (tmp_path / "leads.csv").write_text(LEADS, encoding="utf-8")
    return read_leads(kp.read(tmp_path / "orders.csv", tmp_path / "leads.csv"))


def test_outcomes_and_their_days(leads: LeadTable) -> None:
    got = {str(i): (Outcome(int(o)).name, int(d)) for i, o, d in zip(leads.ids, leads.outcome, leads.days, strict=True)}
    assert got == {
        "L1": ("WON", 7),
        "L2": ("WON", 18),  # no day of its own: the first order's
        "L3": ("LOST", 31),
        "L4": ("OPEN", 119),  # bought before, so that an order later is no win of the lead
        "L5": ("OPEN", 2),  # a day to close that is still to come says nothing
        "L6": ("LOST_UNDATED", 117),
    }
    assert leads.until == dt.date(2026, 6, 30)


def test_as_of_an_earlier_day(leads: LeadTable) -> None:
    then = leads.as_of(dt.date(2026, 3, 15))
    got = {str(i): (Outcome(int(o)).name, int(d)) for i, o, d in zip(then.ids, then.outcome, then.days, strict=True)}
    assert got == {"L1": ("WON", 7), "L2": ("OPEN", 14), "L3": ("OPEN", 13), "L4": ("OPEN", 12)}


def test_money_counts_from_the_day_it_was_won(leads: LeadTable, tmp_path: Path) -> None:
    orders = kp.read(tmp_path / "orders.csv", tmp_path / "leads.csv").orders
    money = lead_orders(leads, orders, "amount", leads.until)
    assert dict(zip(leads.ids.tolist(), np.nan_to_num(money, nan=-1.0).tolist(), strict=True)) == {
        "L1": 50.0, "L2": 100.0, "L3": -1.0, "L4": -1.0, "L5": -1.0, "L6": -1.0,
    }  # fmt: skip


def test_too_few_leads_say_how_many_more(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(ORDERS, encoding="utf-8")
    (tmp_path / "leads.csv").write_text(LEADS, encoding="utf-8")
    with pytest.raises(InputError, match="14 more leads and 1 more"):
        kp.score_leads(kp.read(tmp_path / "orders.csv", tmp_path / "leads.csv"))
    with pytest.raises(InputError, match="There are no leads"):
        kp.score_leads(kp.read(tmp_path / "orders.csv"))
