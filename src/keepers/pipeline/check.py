"""What the data can and cannot support, told before anything is computed from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from keepers.data.read import Dataset
from keepers.domain.columns import CANONICAL
from keepers.domain.errors import InputError
from keepers.domain.money import UNSPECIFIED_CURRENCY
from keepers.domain.ports import Progress
from keepers.pipeline.options import RunOptions
from keepers.pipeline.reading import read_files

FEW_CUSTOMERS = 50
"""Below this, priors carry most of an answer."""

SHORT_DAYS = 180
"""Below this, a year cannot be predicted with any test."""


class Support(Enum):
    """How far the data carry an answer."""

    YES = "yes"
    PARTLY = "partly"
    NO = "no"


@dataclass(frozen=True)
class Question:
    """One question an owner may have, and whether these data answer it."""

    question: str
    support: Support
    because: str


@dataclass(frozen=True)
class CheckResult:
    """What was read, where it went, and which questions it answers.

    Attributes
    ----------
    dataset : Dataset
        Everything that was read, with its reconciliation.
    tables : dict of str to int
        Rows of each canonical table.
    questions : tuple of Question
        What the data support.
    """

    dataset: Dataset
    tables: dict[str, int]
    questions: tuple[Question, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "reconciliation": self.dataset.reconciliation.to_dict(),
            "tables": self.tables,
            "questions": [{**asdict(q), "support": q.support.value} for q in self.questions],
        }


def check(locations: Sequence[str], options: RunOptions, progress: Progress) -> CheckResult:
    """Read everything and say what it supports."""
    dataset = read_files(locations, options, progress)
    tables = {name: len(table) for name, table in dataset.tables.items() if name in CANONICAL}
    return CheckResult(dataset, tables, tuple(_questions(dataset)))


_WORTH = "What is every customer worth?"


def _questions(dataset: Dataset) -> list[Question]:
    subscribed = _subscribed(dataset)
    if not dataset.has_orders:
        return subscribed or [Question(_WORTH, Support.NO, _no_orders(dataset))]
    try:
        facts = _facts(dataset)
    except InputError as error:
        return [Question(_WORTH, Support.NO, str(error)), *subscribed]
    customers, repeaters, days = facts["customers"], facts["repeaters"], facts["days"]
    if not customers:
        because = "Every order of a known customer was cancelled or given back in full: no purchase is left."
        return [Question(_WORTH, Support.NO, because), *subscribed]
    found = [
        _worth(customers, repeaters),
        Question(
            "How much money is that?",
            Support.YES if dataset.orders.has_money else Support.NO,
            _amounts(dataset.currency)
            if dataset.orders.has_money
            else "No column holds the value of an order; everything but money is answered.",
        ),
        _tested(days),
        Question(
            "How much of it is left after costs?",
            Support.YES if dataset.orders.has_contribution else Support.PARTLY,
            "Orders carry their own costs: use --order-margin."
            if dataset.orders.has_contribution
            else "No costs are known. Add a products file with unit costs, or say --margin 35%.",
        ),
    ]
    names = {"channel": "channels", "product": "products", "country": "countries", "discount_code": "discount codes"}
    for column, plural in names.items():
        count = facts[column]
        found.append(
            Question(
                f"Which {plural} bring valuable customers?",
                Support.YES if count > 1 else Support.NO,
                f"Orders name {count:,} {plural}." if count > 1 else f"Orders name {'one only' if count else 'none'}.",
            )
        )
    return found + subscribed + _told(dataset)


def _no_orders(dataset: Dataset) -> str:
    aside = dataset.reconciliation.count("quarantined")
    if not aside:
        return "There are no orders among these files."
    rows = "1 row that tells of money was" if aside == 1 else f"All {aside:,} rows that tell of money were"
    return f"No row is an order that can be used. {rows} set aside: the reasons stand above."


_TOLD = {
    "engagement": ("Do letters and visits say who is losing interest?", "letters, clicks, sessions and log-ins"),
    "feedback": ("Does what customers say tell who will leave?", "answers, reviews and complaints"),
    "touches": ("Which contacts came before the first order?", "contacts with marketing"),
    "referrals": ("Who brings other customers?", "referrals"),
    "treatments": ("What do offers earn?", "offers made or held back"),
    "visits": ("What did customers look at?", "pages seen"),
    "leads": ("Which leads became customers?", "leads"),
    "consents": ("Who may be written to?", "consents"),
    "customer_attributes": ("Do attributes of customers say what they are worth?", "attributes"),
}
"""What each further table makes possible, and what its rows are called."""


def _told(dataset: Dataset) -> list[Question]:
    """What the tables beside orders support: how much they tell, and of how many who bought."""
    found = []
    orders = f"SELECT DISTINCT customer_key FROM ({dataset.orders.sql}) AS o WHERE counted AND customer_key IS NOT NULL"
    for name, (question, called) in _TOLD.items():
        table = dataset.tables.get(name)
        if table is None:
            continue
        who = "referrer_key" if name == "referrals" else "customer_key"
        rows, buyers = dataset.engine.row(
            f"SELECT (SELECT count(*) FROM {table.name}), count(*) FROM ({orders}) AS buyer "
            f"WHERE customer_key IN (SELECT {who} FROM {table.name} WHERE {who} IS NOT NULL)"
        )
        if not rows:
            continue
        if not buyers:
            because = f"{rows:,} {called}, but of nobody who bought: no id or address is the same as in the orders."
            found.append(Question(question, Support.NO, because))
            continue
        support = Support.YES if buyers >= FEW_CUSTOMERS else Support.PARTLY
        whom = f"{buyers:,} customer{'s' * (buyers != 1)} who bought"
        found.append(Question(question, support, f"{rows:,} {called}, of {whom}."))
    return found


def _subscribed(dataset: Dataset) -> list[Question]:
    """What subscriptions support; nothing where there are none."""
    table = dataset.tables.get("subscriptions")
    if table is None:
        return []
    from keepers.summaries.subscriptions import billing_period, summarise_subscriptions

    question = "What is every subscriber worth?"
    try:
        summary = summarise_subscriptions(table, period=billing_period(table))
    except InputError as error:
        return [Question(question, Support.NO, str(error))]
    subscribers, ended = summary.engine.row(
        f"SELECT count(*) FILTER (latest), count(*) FILTER (ended) FROM {summary.name}"
    )
    counts = f"{subscribers:,} subscribers; {ended:,} subscriptions have ended"
    if not summary.has_money:
        return [Question(question, Support.PARTLY, f"{counts}. No prices are named: how long they last is answered.")]
    if ended < FEW_CUSTOMERS:
        because = f"{counts}: so few that much of the answer is experience, not data."
        return [Question(question, Support.PARTLY, because)]
    return [Question(question, Support.YES, f"{counts}.")]


def _amounts(currency: str) -> str:
    if currency == UNSPECIFIED_CURRENCY:
        return "Orders have amounts; their currency is not named."
    return f"Orders have amounts, in {currency}."


def _worth(customers: int, repeaters: int) -> Question:
    if customers == 1:
        return Question(_WORTH, Support.PARTLY, "1 customer only: nearly all of the answer is experience, not data.")
    counts = f"{customers:,} customers, {repeaters:,} of whom ({repeaters / customers:.0%}) came back"
    if customers < FEW_CUSTOMERS:
        return Question(_WORTH, Support.PARTLY, f"{counts}: so few that much of the answer is experience, not data.")
    if not repeaters:
        return Question(_WORTH, Support.PARTLY, f"{counts}: how often anybody returns can only be assumed.")
    return Question(_WORTH, Support.YES, f"{counts}.")


def _tested(days: int) -> Question:
    question = "Can the predictions be tested on the past?"
    if days < SHORT_DAYS // 2:
        return Question(question, Support.NO, f"The orders span {days} day{'s' * (days != 1)} only.")
    if days < 2 * 365:
        return Question(
            question, Support.PARTLY, f"The orders span {days} days: not a whole year ahead, seasons are not tested."
        )
    return Question(question, Support.YES, f"The orders span {days} days.")


def _facts(dataset: Dataset) -> dict[str, int]:
    orders = dataset.orders
    days = (orders.last_day - orders.first_day).days + 1
    names = ("channel", "product", "country", "discount_code")
    distinct = ", ".join(f"count(DISTINCT {name})" for name in names)
    counts = orders.engine.row(f"SELECT {distinct} FROM ({orders.sql}) AS o WHERE counted")
    customers, repeaters = orders.engine.row(
        "SELECT count(*), count(*) FILTER (WHERE bought_on > 1) FROM ("
        f"SELECT customer_key, count(DISTINCT day) AS bought_on FROM ({orders.purchases_sql()}) AS p GROUP BY 1) AS c"
    )
    return {"customers": customers, "repeaters": repeaters, "days": days, **dict(zip(names, counts, strict=True))}
