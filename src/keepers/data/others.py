"""The canonical tables that are not sales: customers, products, leads, accounts, spend, subscriptions, visits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from keepers.data.canonical import free_name, typed
from keepers.data.deals import LOST, WON, words
from keepers.data.direct import PEOPLE, direct_query, roles_of
from keepers.data.engine import Engine, literal, quoted, template
from keepers.data.format import Format, Shape
from keepers.data.identity import Identity
from keepers.data.naming import whole_name
from keepers.data.normalise import fill, key_sql, text_sql
from keepers.data.options import ReadOptions
from keepers.data.page_address import page_sql
from keepers.data.people import OtherSource, with_keys
from keepers.data.vocabulary import header_key
from keepers.domain import columns
from keepers.domain.columns import Schema

ROLES_OF = {
    Shape.CUSTOMERS: (
        *PEOPLE, "created_at", "country", "region", "city", "accepts_marketing", "accepts_sms", "channel", "campaign",
        "tags", "orders_count", "total_spent", "company", "account_id", "unsubscribed_at", "rating",
    ),
    Shape.LEADS: (
        *PEOPLE, "lead_id", "company", "account_id", "product", "created_at", "channel", "campaign", "status",
        "stage", "owner", "country", "industry", "amount", "currency", "closed_on",
    ),
    Shape.ACCOUNTS: ("account_id", "company", "domain", "industry", "country", "created_at"),
    Shape.PRODUCTS: ("order_id", "sku", "product", "category", "unit_price", "unit_cost"),
    Shape.SPEND: (
        "date", "platform", "campaign", "spend", "currency", "impressions", "clicks", "conversions", "conversion_value",
    ),
    Shape.SUBSCRIPTIONS: (
        *PEOPLE, "subscription_id", "plan", "status", "created_at", "started_on", "trial_ends_on", "ended_on",
        "cancelled_at", "interval", "quantity", "amount", "unit_price", "currency", "cancellation_reason",
    ),
    Shape.CHANNELS: ("date", "channel", "sessions", "conversions", "conversion_value"),
    Shape.EVENTS: (
        *PEOPLE, "type", "date", "visitor_id", "previous_id", "channel", "medium", "campaign", "landing_page",
        "category",
    ),
}  # fmt: skip
"""Roles that are typed for each kind of table."""


def wanted_roles(declared: Format) -> tuple[str, ...]:
    """The roles that are typed for a table of a format."""
    if declared.shape is Shape.CANONICAL:
        return roles_of(columns.CANONICAL[declared.table])
    return ROLES_OF[declared.shape]


WITH_PEOPLE = (Shape.CUSTOMERS, Shape.LEADS, Shape.SUBSCRIPTIONS, Shape.EVENTS, Shape.CANONICAL)

CONTRACT_KNOWN_BY = (
    "coalesce('number ' || source_id, CASE WHEN customer_key IS NULL THEN 'row ' || event_id "
    "ELSE concat_ws('|', 'of', customer_key, coalesce(plan, ''), started_on::VARCHAR) END)"
)
"""SQL of what a contract is known by in another file: its number; without one its customer, plan and first day."""


class Others:
    """Makes the canonical tables of staged sources that are no sales."""

    def __init__(self, engine: Engine, sources: Sequence[OtherSource], options: ReadOptions) -> None:
        self.engine = engine
        self.sources = sources
        self.options = options
        self.received = literal(options.received_at.isoformat(sep=" "))
        self.made: dict[str, str] = {}

    def products(self) -> str | None:
        """The table of products, which sales need for their costs."""
        staged = self._of(Shape.PRODUCTS)
        if not staged:
            return None
        parts = [self._sql("products", stage=quoted(source.staged.table)) for source in staged]
        union = " UNION ALL ".join(f"SELECT *, {rank} AS rank FROM ({part})" for rank, part in enumerate(parts))
        kept = f"SELECT * FROM ({union}) QUALIFY row_number() OVER (PARTITION BY sku ORDER BY rank DESC) = 1"
        return self._make(columns.PRODUCTS, kept)

    def people(self, identity: Identity, facts: str | None) -> None:
        """The tables of people, leads, subscriptions and visits, and who is who."""
        keyed = {
            source.number: with_keys(self.engine, source, identity)
            for source in self.sources
            if source.format.shape in WITH_PEOPLE
        }
        lists = [(source, keyed[source.number]) for source in self._of(Shape.CUSTOMERS)]
        self._customers(lists, facts)
        self._who([(source, keyed[source.number]) for source in self.sources if source.number in keyed], facts)
        if lists:
            stated = [
                # Whoever is on a list of subscribers joined it on the day it says; a state tells of today alone.
                self._sql("consents", keyed=quoted(key), dated=_truth("accepts_marketing" in source.format.constants))
                for source, key in lists
            ]
            self._make(columns.CONSENTS, " UNION ALL ".join(stated))
            self._union(columns.CUSTOMER_ATTRIBUTES, "customer_attributes", [key for _, key in lists])
        leads = [(source, keyed[source.number]) for source in self._of(Shape.LEADS)]
        if leads:
            self._make(columns.LEADS, " UNION ALL ".join(self._leads(source, key) for source, key in leads))
            attributes = [self._lead_attributes(source, key) for source, key in leads]
            self._make(columns.LEAD_ATTRIBUTES, " UNION ALL ".join(attributes))
        contracts = [(source, keyed[source.number]) for source in self._of(Shape.SUBSCRIPTIONS)]
        if contracts:
            parts = [
                self._sql("subscriptions", keyed=quoted(key), currency=_currency(source)) for source, key in contracts
            ]
            told = parts[0]
            if len(parts) > 1:
                files = " UNION ALL ".join(f"SELECT *, {n} AS file_no FROM ({part})" for n, part in enumerate(parts))
                told = self._sql("newest_contracts", contracts=files, known_by=CONTRACT_KNOWN_BY)
            self._make(columns.SUBSCRIPTIONS, told)
        events = [keyed[source.number] for source in self._of(Shape.EVENTS)]
        if events:
            sold = "lower(type) IN ('purchase', 'order completed')"
            self._make(
                columns.VISITS,
                " UNION ALL ".join(self._sql("visits", keyed=quoted(key), converted=sold) for key in events),
            )
            self._union(columns.TOUCHES, "touches", events)

        self._direct(identity, keyed)

    def _direct(self, identity: Identity, keyed: Mapping[int, str]) -> None:
        """Tables given in their canonical form; several of one are put together, after those that were made."""
        parts: dict[str, list[str]] = {}
        for source in self._of(Shape.CANONICAL):
            schema = columns.CANONICAL[source.format.table]
            query = direct_query(schema, source, keyed[source.number], identity, self.received)
            parts.setdefault(schema.name, []).append(f"SELECT * FROM ({query})")
        for name, queries in parts.items():
            schema = columns.CANONICAL[name]
            made = [typed(schema, query) for query in queries]
            if name in self.made:
                made.append(f"SELECT * FROM {quoted(self.made[name])}")
            table = self.engine.new_name(name) if name in self.made else free_name(self.engine, name)
            self.made[name] = self.engine.create(table, " UNION ALL ".join(made))

    def rest(self) -> None:
        """The tables that have nobody in them: accounts, spend, sums by channel."""
        accounts = self._of(Shape.ACCOUNTS)
        if accounts:
            parts = [self._sql("accounts", stage=quoted(source.staged.table)) for source in accounts]
            self._make(columns.ACCOUNTS, " UNION ALL ".join(parts))
        spend = self._of(Shape.SPEND)
        if spend:
            self._make(columns.SPEND, " UNION ALL ".join(self._spend(source) for source in spend))
        totals = self._of(Shape.CHANNELS)
        if totals:
            parts = [
                self._sql("channel_totals", stage=quoted(s.staged.table), source=literal(s.source)) for s in totals
            ]
            name = free_name(self.engine, "channel_totals")
            self.made["channel_totals"] = self.engine.create(name, " UNION ALL ".join(parts))

    def _of(self, shape: Shape) -> list[OtherSource]:
        return [source for source in self.sources if source.format.shape is shape]

    def _sql(self, name: str, **names: str) -> str:
        return fill(template("keepers.data.sql", name), received_at=self.received, page=page_sql("page"), **names)

    def _make(self, schema: Schema, query: str) -> str:
        name = self.engine.create(free_name(self.engine, schema.name), typed(schema, query))
        self.made[schema.name] = name
        return name

    def _union(self, schema: Schema, name: str, keyed: Sequence[str]) -> None:
        self._make(schema, " UNION ALL ".join(self._sql(name, keyed=quoted(key)) for key in keyed))

    def _customers(self, lists: Sequence[tuple[OtherSource, str]], facts: str | None) -> None:
        listed = " UNION ALL ".join(
            f"SELECT customer_key, source_name AS source, {', '.join(_LISTED)} FROM {quoted(key)}" for _, key in lists
        )
        none = ", ".join(f"NULL AS {name.split()[-1]}" for name in ("customer_key", "source", *_LISTED))
        bought = "SELECT NULL AS customer_key, NULL AS source, NULL AS country WHERE false"
        if facts is not None:
            bought = self._sql("bought", facts=quoted(facts))
        if lists or facts is not None:
            query = self._sql("customers", listed=listed or f"SELECT {none} WHERE false", bought=bought)
            self._make(columns.CUSTOMERS, query)

    def _who(self, keyed: Sequence[tuple[OtherSource, str]], facts: str | None) -> None:
        seen = []
        if facts is not None:
            seen.append(
                f"""SELECT customer_key, system, customer_id, email, phone, name, occurred_at AS seen_at, 1 AS rank
                    FROM {quoted(facts)} WHERE missing IS NULL"""
            )
        for source, key in keyed:
            day = {Shape.EVENTS: "date_utc", Shape.CANONICAL: "NULL"}.get(source.format.shape, "created_at_utc")
            seen.append(
                f"""SELECT customer_key, system, clean_id AS customer_id, email, phone, {whole_name()} AS name,
                           coalesce({day}, {self.received}::TIMESTAMP) AS seen_at, 0 AS rank FROM {quoted(key)}"""
            )
        if not seen:
            return
        union = " UNION ALL ".join(seen)
        self._make(columns.PERSONS, self._sql("persons", seen=union))
        self._make(columns.IDENTITIES, self._sql("identities", seen=union))

    def _leads(self, source: OtherSource, keyed: str) -> str:
        won = _listed([*words(WON), *map(header_key, self.options.won_stages)])
        lost = _listed(words(LOST))
        stage, status = key_sql("stage"), key_sql("status")
        outcome = f"CASE WHEN {stage} IN ({won}) OR {status} IN ({won}) THEN true "
        outcome += f"WHEN {stage} IN ({lost}) OR {status} IN ({lost}) THEN false END"
        return self._sql("leads", keyed=quoted(keyed), won=outcome, currency=_currency(source))

    def _lead_attributes(self, source: OtherSource, keyed: str) -> str:
        """What no column of the schema holds, one row a lead and attribute."""
        said = {"industry": "k.industry", "product": "k.product"}
        said |= {name: text_sql(f"r.{quoted(column)}") for name, column in source.others.items()}
        names, values = ", ".join(map(literal, said)), ", ".join(said.values())
        return self._sql(
            "lead_attributes", keyed=quoted(keyed), raw=quoted(source.raw.table), names=names, values=values
        )

    def _spend(self, source: OtherSource) -> str:
        return self._sql(
            "spend", stage=quoted(source.staged.table), source=literal(source.source), currency=_currency(source)
        )


_LISTED = (
    "created_at_utc AS created_at", "country", "region", "city", "accepts_marketing", "channel", "campaign",
    "account_id", "tags", "orders_count AS claimed_orders", "total_spent AS claimed_revenue",
)  # fmt: skip


def _listed(keys: Sequence[str]) -> str:
    return ", ".join(literal(key) for key in keys)


def _truth(value: bool) -> str:
    return "true" if value else "false"


def _currency(source: OtherSource) -> str:
    return literal(source.staged.currency) if source.staged.currency else "NULL"
