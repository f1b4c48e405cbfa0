"""A minimal source of purchases for tests of what stands on orders: rows in an engine, refunds by day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from keepers.data.engine import Engine, literal

Row = tuple[str | None, str, float | None]


class PurchaseRows:
    """Orders (customer, day, amount[, contribution]) and refunds (customer, day of the order, refund day, amount)."""

    def __init__(
        self,
        rows: Iterable[tuple[object, ...]],
        refunds: Iterable[tuple[str, str, str, float]] = (),
        currency: str = "EUR",
    ) -> None:
        self.engine = Engine()
        self.currency = currency
        self.table = "purchase_rows"
        self.kept_days: dict[str, Any] = {}
        self.engine.execute(
            f"CREATE TABLE {self.table} "
            "(customer_key VARCHAR, day DATE, amount DECIMAL(18, 4), contribution DECIMAL(18, 4))"
        )
        self.engine.execute(
            "CREATE TABLE refund_rows (customer_key VARCHAR, day DATE, refunded_on DATE, amount DECIMAL(18, 4))"
        )
        for row in rows:
            padded = [*row, None, None][:4]
            self.engine.execute(f"INSERT INTO {self.table} VALUES (?, ?, ?, ?)", padded)
        for refund in refunds:
            self.engine.execute("INSERT INTO refund_rows VALUES (?, ?, ?, ?)", list(refund))

    @classmethod
    def cdnow(cls, path: Path) -> PurchaseRows:
        """The CDNOW sample: blank-separated master id, sample id, date, CDs, dollars; by the sample's id."""
        source = cls([], currency="USD")
        source.engine.execute(
            f"INSERT INTO {source.table} SELECT p[2], CAST(strptime(p[3], '%Y%m%d') AS DATE), "
            "CAST(p[5] AS DECIMAL(18, 4)), NULL FROM (SELECT regexp_split_to_array(trim(line), ' +') AS p FROM "
            f"read_csv({literal(str(path))}, columns = {{'line': 'VARCHAR'}}, header = false, delim = '\x01'))"
        )
        return source

    @property
    def has_money(self) -> bool:
        """Whether any row has an amount."""
        return bool(self.engine.row(f"SELECT count(amount) > 0 FROM {self.table}")[0])

    @property
    def first_day(self) -> dt.date:
        """Day of the first order."""
        day: dt.date = self.engine.row(f"SELECT min(day) FROM {self.table}")[0]
        return day

    @property
    def last_day(self) -> dt.date:
        """Day of the last order."""
        day: dt.date = self.engine.row(f"SELECT max(day) FROM {self.table}")[0]
        return day

    @property
    def settled(self) -> bool:
        """Whether there are no refunds."""
        return not self.engine.row("SELECT count(*) FROM refund_rows")[0]

    def histories_sql(self, until: dt.date) -> str | None:
        """Nothing is known of histories before they are asked for."""
        del until

    @property
    def distinct_histories(self) -> None:
        """As little."""

    def purchases_sql(self, as_of: str) -> str:
        """Orders less refunds known by the day; an order fully refunded by then is gone."""
        return (
            "SELECT o.customer_key, o.day, o.amount - coalesce(r.amount, 0) AS amount, o.contribution "
            f"FROM {self.table} o LEFT JOIN (SELECT customer_key, day, sum(amount) AS amount FROM refund_rows "
            f"WHERE refunded_on <= DATE {literal(as_of)} GROUP BY 1, 2) r "
            "ON r.customer_key = o.customer_key AND r.day = o.day "
            "WHERE r.amount IS NULL OR r.amount < o.amount"
        )
