"""Lists of contracts that nobody declared: other languages, days before months, decimal commas, words for states."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import pytest

import keepers as kp
from keepers.data.read import Dataset

Reader = Callable[..., Dataset]

GERMAN = (
    "Vertragsnummer;Kundennummer;Name;Tarif;Vertragsbeginn;Vertragsende;Zahlweise;Preis;Status;Kündigungsgrund\n"
    "V1;K1;Anna Amsel;Basis;03.02.2024;;monatlich;9,90 €;aktiv;\n"
    "V2;K2;Bert Buche;Premium;15.01.2023;31.12.2024;jährlich;1.190,00 €;gekündigt;zu teuer\n"
    "V3;K3;Cora Cello;Basis;28.05.2024;;vierteljährlich;29,70 €;pausiert;\n"
)
FRENCH = (
    "N° de contrat,Adresse e-mail,Formule,Date de début,Date de fin,Périodicité,Montant,État\n"
    'C1,aline@exemple.test,Essentiel,13/02/2024,,mensuel,"19,50",Actif\n'
    'C2,bruno@exemple.test,Complet,02/03/2023,14/02/2024,annuel,"240,00",Résilié\n'
)
ENGLISH = (
    "Member ID,Membership,Start,End,Price,Billing Cycle,Trial Ends On\n"
    "m1,Gold,25/01/2024,,45.50,monthly,\n"
    "m2,Silver,01/02/2024,13/05/2024,20.00,every 6 months,08/02/2024\n"
)

Row = tuple[str, str, str, dt.date, dt.date | None, str, Decimal]
WANTED: dict[str, tuple[str, list[Row]]] = {
    "german": (
        GERMAN,
        [
            ("V1", "Basis", "active", dt.date(2024, 2, 3), None, "month", Decimal("9.90")),
            ("V2", "Premium", "cancelled", dt.date(2023, 1, 15), dt.date(2024, 12, 31), "year", Decimal(1190)),
            ("V3", "Basis", "paused", dt.date(2024, 5, 28), None, "3 month", Decimal("29.70")),
        ],
    ),
    "french": (
        FRENCH,
        [
            ("C1", "Essentiel", "active", dt.date(2024, 2, 13), None, "month", Decimal("19.50")),
            ("C2", "Complet", "cancelled", dt.date(2023, 3, 2), dt.date(2024, 2, 14), "year", Decimal(240)),
        ],
    ),
    "english": (
        ENGLISH,
        [
            ("row 2", "Gold", "active", dt.date(2024, 1, 25), None, "month", Decimal("45.50")),
            ("row 3", "Silver", "cancelled", dt.date(2024, 2, 1), dt.date(2024, 5, 13), "6 month", Decimal(20)),
        ],
    ),
}


@pytest.mark.parametrize("name", WANTED)
def test_contracts_are_read(reading: Reader, name: str) -> None:
    text, wanted = WANTED[name]
    dataset = reading(text)
    assert dataset.sources[0].format == "subscriptions"
    found = dataset.engine.rows(
        "SELECT subscription_id, plan, status, started_on, ended_on, interval, amount FROM subscriptions ORDER BY 1"
    )
    assert found == wanted


def test_prices_of_several_months_are_prices_a_month(reading: Reader) -> None:
    contracts = reading(GERMAN).tables["subscriptions"]
    summary = kp.summarise_subscriptions(contracts, kp.ObservationWindow(calibration_end="2024-08-31"))
    rows = summary.engine.rows(f"SELECT customer_key, mrr FROM {summary.name} ORDER BY 1")
    assert dict(rows) == pytest.approx({"K1": 9.9, "K2": 1190 / 12, "K3": 9.9})


def test_orders_stay_orders(reading: Reader) -> None:
    text = "Order ID,Customer,Start date,End date,Product,Amount\n1,a,2024-01-05,2024-01-09,Car,90.0\n"
    assert reading(text + "2,a,2024-02-05,2024-02-07,Van,70.0\n", columns={"date": "Start date"}).has_orders
