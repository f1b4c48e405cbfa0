"""Which features are made of which canonical table, and the queries that make them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from keepers.data.engine import literal, quoted
from keepers.data.normalise import fill
from keepers.domain.columns import CANONICAL, ORDERS
from keepers.summaries.feature_sources import Known, repetitions
from keepers.summaries.feature_templates import Feature, Words, read_part
from keepers.summaries.purchases import day_literal
from keepers.summaries.sentiment import sentiments

ENGAGEMENT_WORDS = {
    "sent": "letters sent",
    "open": "letters opened",
    "click": "links clicked in letters",
    "unsubscribe": "times the customer unsubscribed",
    "session": "sessions on the site",
    "login": "log-ins",
}
"""What the kinds of engagement are called in words."""

_MONTHS = (
    "CASE lower(coalesce(interval, 'month')) WHEN 'year' THEN 12.0 WHEN 'week' THEN 12.0 / 52 "
    "WHEN 'day' THEN 12.0 / 365 ELSE 1.0 END"
)
_ALWAYS_KNOWN = ("orders", "order_lines", "refunds")
"""Tables that tell of all time there are orders: no refund yet is no refund."""

_MOST_LEVELS_OF_AN_ATTRIBUTE = 200
_SAME_ARTICLE = """
    SELECT customer_key, order_id, product, category, net AS worth, CAST(NULL AS DOUBLE) AS pieces
    FROM {placed} AS placed WHERE stands"""
_ARTICLES = """
    SELECT placed.customer_key, placed.order_id, coalesce(line.sku, line.product) AS product, line.category,
           CAST(line.amount AS DOUBLE) AS worth, line.quantity AS pieces
    FROM {placed} AS placed INNER JOIN {lines} AS line ON line.order_id = placed.order_id WHERE placed.stands"""
_NO_LINES = "(SELECT CAST(NULL AS VARCHAR) AS order_id, CAST(NULL AS BIGINT) AS lines, CAST(NULL AS DOUBLE) AS pieces)"


TEMPLATES = {
    "features_orders": "orders",
    "features_first_order": "orders",
    "features_refunds": "refunds",
    "features_breadth": "order_lines",
    "features_payments": "orders",
    "features_touches": "touches",
    "features_engagement": "engagement",
    "features_feedback": "feedback",
    "features_subscriptions": "subscriptions",
    "features_referrals": "referrals",
    "features_leads": "leads",
    "features_treatments": "treatments",
    "features_visits": "visits",
    "features_exposures": "exposures",
    "features_customers": "customers",
    "features_attributes": "customer_attributes",
    "features_consents": "consents",
}
"""The templates, and the canonical table that each is mainly made of."""


@dataclass(frozen=True, slots=True)
class Part:
    """One query with a row a customer.

    Parameters
    ----------
    sql : str
    features : tuple of Feature
    since : date or None
        Day from which its table tells anything; before it nothing is known, which is not the same as none.
    """

    sql: str
    features: tuple[Feature, ...]
    since: dt.date | None = None


class Parts:
    """The queries of all features of what is known.

    Parameters
    ----------
    known : Known
        The tables, with `base` made already.
    placed, days : str
        Tables of ``features_placed.sql`` and ``features_days.sql``.

    Attributes
    ----------
    made : list of str
        Tables on the way, to be dropped afterwards.
    """

    def __init__(self, known: Known, placed: str, days: str) -> None:
        self.known = known
        self.made: list[str] = []
        self.names = {"placed": quoted(placed), "days": quoted(days)}

    def __iter__(self) -> Iterator[Part]:
        for make in (
            self._orders, self._first_order, self._refunds, self._breadth, self._payments, self._touches,
            self._engagement, self._feedback, self._subscriptions, self._referrals, self._leads, self._treatments,
            self._visits, self._exposures, self._customers, self._attributes, self._consents,
        ):  # fmt: skip
            part = make()
            if part is not None and part.features:
                yield part

    def _part(self, name: str, table: str, present: set[str], words: Words | None = None, **relations: str) -> Part:
        sql, features = read_part(name, table, present, words or {})
        since = None if table in _ALWAYS_KNOWN else self.known.first_day(table)
        return Part(fill(sql, **self.names, **relations), features, since)

    def _orders(self) -> Part | None:
        return self._part("features_orders", "orders", self.of_orders) if self.known.has("orders") else None

    @cached_property
    def of_orders(self) -> set[str]:
        """What orders carry."""
        return self.known.present(
            "orders",
            time_of_day="CASE WHEN extract(HOUR FROM occurred_at) <> 0 THEN 1 END",
            failed="CASE WHEN status = 'failed' THEN 1 END",
        )

    def _first_order(self) -> Part | None:
        if not self.known.has("orders"):
            return None
        lines = _NO_LINES
        present = set(self.of_orders)
        if self.known.has("order_lines"):
            present.add("lines")
            lines = (
                f"(SELECT order_id, count(*) AS lines, sum(quantity) AS pieces FROM {self.known.lines()} AS line "
                "GROUP BY order_id)"
            )
        return self._part("features_first_order", "orders", present, lines_of_orders=lines)

    def _refunds(self) -> Part | None:
        present = self.of_orders | ({"refunds"} if self.known.has("refunds") else set())
        return self._part("features_refunds", "refunds", present) if self.known.has("orders") else None

    def _breadth(self) -> Part | None:
        if not self.known.has("orders"):
            return None
        if not self.known.has("order_lines"):
            return self._part("features_breadth", "orders", self.of_orders, articles=fill(_SAME_ARTICLE, **self.names))
        present = {"lines"} | self.known.present("order_lines", product="coalesce(sku, product)")
        articles = fill(_ARTICLES, lines=self.known.lines(), **self.names)
        return self._part("features_breadth", "order_lines", present, articles=articles)

    def _payments(self) -> Part | None:
        if "failed" not in self.of_orders:
            return None
        return self._part("features_payments", "orders", self.of_orders, orders=self.known.every_order())

    def _simple(self, name: str, table: str, **relations: str) -> Part | None:
        """Features of a table that stands in the template under its own name."""
        if not self.known.has(table):
            return None
        relations[table] = self.known.visible(table)
        return self._part(name, table, self.known.present(table), None, **relations)

    def _touches(self) -> Part | None:
        return self._simple("features_touches", "touches")

    def _engagement(self) -> Part | None:
        if not self.known.has("engagement"):
            return None
        kinds = repetitions("kind", self.known.words("engagement", "kind"), ENGAGEMENT_WORDS)
        present = self.known.present("engagement") | {f"kind_{kind['kind']}" for kind in kinds}
        visible = self.known.visible("engagement")
        return self._part("features_engagement", "engagement", present, {"kind": kinds}, engagement=visible)

    def _feedback(self) -> Part | None:
        if not self.known.has("feedback"):
            return None
        present = self.known.present("feedback", complaints="CASE WHEN kind = 'complaint' THEN 1 END")
        felt, join = "CAST(NULL AS DOUBLE) AS sentiment", ""
        if "text" in present:
            made = sentiments(self.known.engine, self.known.relation(CANONICAL["feedback"]))
            self.made.append(made)
            present.add("sentiment")
            felt, join = "felt.sentiment", f"LEFT JOIN {quoted(made)} AS felt ON felt.text = answer.text"
        visible = self.known.visible("feedback")
        answers = f"(SELECT answer.*, {self._scale()} AS scaled, {felt} FROM {visible} AS answer {join})"
        return self._part("features_feedback", "feedback", present, feedback=answers)

    def _scale(self) -> str:
        """SQL of a score from 0 to 1: each kind of feedback has a scale of its own, told by the largest score given."""
        rows = self.known.engine.rows(
            f"SELECT kind, max(score) FROM {self.known.relation(CANONICAL['feedback'])} AS answer "
            "WHERE score IS NOT NULL GROUP BY kind ORDER BY kind"
        )
        if not rows:
            return "CAST(NULL AS DOUBLE)"
        cases = []
        for kind, largest in rows:
            low, high = (0, 10) if kind == "nps" else _scale_of(float(largest))
            cases.append(f"WHEN {literal(str(kind))} THEN least(greatest((score - {low}) / {high - low}.0, 0), 1)")
        return f"CASE kind {' '.join(cases)} END"

    def _subscriptions(self) -> Part | None:
        if not self.known.has("subscriptions"):
            return None
        read = f"(cut >= {day_literal(self.known.last_day)} OR cut >= CAST(received_at AS DATE))"
        return self._simple("features_subscriptions", "subscriptions", status_known=read, months_of_interval=_MONTHS)

    def _referrals(self) -> Part | None:
        if not self.known.has("referrals"):
            return None
        everybody = (
            f"(SELECT customer_key, min(day) AS first_day FROM {self.known.relation(ORDERS)} AS placed "
            "WHERE counted AND (voided_on IS NULL OR voided_on > day) GROUP BY customer_key)"
        )
        made = self.known.visible("referrals", "referrer_key")
        return self._simple("features_referrals", "referrals", referrals_made=made, everybody=everybody)

    def _leads(self) -> Part | None:
        return self._simple("features_leads", "leads")

    def _treatments(self) -> Part | None:
        return self._simple("features_treatments", "treatments")

    def _visits(self) -> Part | None:
        return self._simple("features_visits", "visits")

    def _exposures(self) -> Part | None:
        return self._simple("features_exposures", "exposures")

    def _customers(self) -> Part | None:
        if not self.known.has("customers"):
            return None
        present = self.known.present("customers")
        if "country" in present and "country" not in self.of_orders:
            # Where orders carry a country, it may be the last one's that stands here.
            present.add("country_of_list")
        return self._part("features_customers", "customers", present, customers=self.known.visible("customers"))

    def _attributes(self) -> Part | None:
        name = "customer_attributes"
        if not self.known.has(name):
            return None
        rows = self.known.engine.rows(
            "SELECT attribute, count(value) = count(TRY_CAST(value AS DOUBLE)), count(DISTINCT value) "
            f"FROM {self.known.relation(CANONICAL[name])} AS statement WHERE value IS NOT NULL GROUP BY 1"
        )
        numeric = {row[0] for row in rows if row[1]}
        worded = {row[0] for row in rows if not row[1] and row[2] <= _MOST_LEVELS_OF_AN_ATTRIBUTE}
        named = self.known.words(name, "attribute")
        both = {"number": repetitions("number", [a for a in named if a in numeric]),
                "word": repetitions("word", [a for a in named if a in worded])}  # fmt: skip
        return self._part("features_attributes", name, set(), both, attributes=self.known.visible(name))

    def _consents(self) -> Part | None:
        if not self.known.has("consents"):
            return None
        purposes = repetitions("purpose", self.known.words("consents", "purpose"))
        visible = self.known.visible("consents")
        return self._part("features_consents", "consents", set(), {"purpose": purposes}, consents=visible)


def _scale_of(largest: float) -> tuple[int, int]:
    """Ends of the usual scale that a score belongs to."""
    for low, high in ((0, 1), (1, 5), (0, 10), (0, 100)):
        if largest <= high:
            return low, high
    return 0, int(largest) + 1
