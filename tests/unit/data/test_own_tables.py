"""Keepers' own tables given as files, and a whole store read back from any layout to the same account."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

from keepers.data.read import Dataset

Reader = Callable[..., Dataset]
ORDERS = (
    "order_id,customer_id,date,gross,tax,amount\n1,a,2025-01-01,11.90,1.90,10\n2,b,2025-01-02,23.80,3.80,20\n"
    "3,a,2025-02-01,5.95,0.95,5\n"
)


def test_refunds_in_a_file_of_their_own(reading: Reader) -> None:
    refunds = "order_id,amount,reason,day\n2,20,broken,2025-01-20\n1,4,late,2025-01-09\n"
    dataset = reading(ORDERS, refunds)
    assert dataset.engine.rows("SELECT order_id, amount, day FROM refunds ORDER BY 1") == [
        ("1", Decimal("4"), dt.date(2025, 1, 9)),
        ("2", Decimal("20"), dt.date(2025, 1, 20)),
    ]
    assert dataset.reconciliation.amount("net") == Decimal("11")


def test_lines_beside_their_orders(reading: Reader) -> None:
    lines = (
        "order_id,customer_id,day,sku,product,quantity,unit_price\n1,a,2025-01-01,S1,Cup,2,5\n"
        "2,b,2025-01-02,S2,Pot,1,20\n3,a,2025-02-01,S1,Cup,1,5\n"
    )
    products = "sku,product,unit cost\nS1,Cup,2\nS2,Pot,9\n"
    for files in ((ORDERS, lines, products), (lines, products, ORDERS)):
        dataset = reading(*files)
        account = dataset.reconciliation
        assert (account.orders, account.amount("net"), account.amount("tax")) == (3, Decimal("35"), Decimal("-6.65"))
        assert len(dataset.tables["order_lines"]) == 3
        assert dataset.engine.rows("SELECT order_id, contribution FROM orders ORDER BY 1") == [
            ("1", Decimal("6")), ("2", Decimal("11")), ("3", Decimal("3")),
        ]  # fmt: skip


def test_tables_under_their_canonical_names(reading: Reader) -> None:
    dataset = reading(
        ORDERS,
        "occurred_at,customer_id,day,kind,campaign,value\n2025-01-05 10:00:00,a,2025-01-05,open,spring,\n",
        "occurred_at,customer_id,day,kind,score,text\n2025-01-06 10:00:00,b,2025-01-06,nps,9,good\n",
        "occurred_at,customer_id,day,visitor_id,channel,campaign,medium,landing_page,cost\n"
        "2024-12-31 10:00:00,a,2024-12-31,v1,google,brand,cpc,/,0.5\n",
        "occurred_at,customer_id,day,referrer_id,incentive_cost,converted\n2025-01-02 10:00:00,b,2025-01-02,a,5,true\n",
        "customer_id,attribute,value,valid_from\na,tier,gold,2025-01-01\n",
        "day,channel,campaign,amount,impressions,clicks\n2025-01-01,google,brand,12.50,100,3\n",
    )
    rows = dataset.engine.rows
    assert rows("SELECT customer_key, kind, campaign FROM engagement") == [("a", "open", "spring")]
    assert rows("SELECT customer_key, score, text, occurred_at FROM feedback") == [
        ("b", 9.0, "good", dt.datetime(2025, 1, 6, 10))
    ]
    assert rows("SELECT customer_key, channel, medium, cost FROM touches") == [("a", "google", "cpc", Decimal("0.5"))]
    assert rows("SELECT customer_key, referrer_key, converted FROM referrals") == [("b", "a", True)]
    assert rows("SELECT customer_key, value FROM customer_attributes") == [("a", "gold")]
    assert rows("SELECT channel, amount, clicks FROM spend") == [("google", Decimal("12.5"), 3)]
    assert dataset.reconciliation.amount("net") == Decimal("35")
    assert not dataset.reconciliation.rows_quarantined


def test_customers_and_days_without_anything_bought_are_no_orders(reading: Reader) -> None:
    dataset = reading(ORDERS, "customer,seen on,page,device,minutes\na,2025-01-01,/x,phone,3\nb,2025-01-02,/y,desk,4\n")
    assert dataset.reconciliation.orders == 3
    assert "nothing that was bought" in " ".join(dataset.reconciliation.warnings) or "no column" in " ".join(
        dataset.reconciliation.warnings
    )
