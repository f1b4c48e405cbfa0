"""The schemas of every canonical table; the engine creates them from here and nothing else names a type."""

from __future__ import annotations

from dataclasses import dataclass

TEXT = "VARCHAR"
DAY = "DATE"
MOMENT = "TIMESTAMP"  # UTC, microseconds
MONEY = "DECIMAL(18, 4)"
COUNT = "BIGINT"
NUMBER = "DOUBLE"
FLAG = "BOOLEAN"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, the engine's type, what it means, and whether it may be empty."""

    name: str
    type: str
    meaning: str
    nullable: bool = True


@dataclass(frozen=True, slots=True)
class Schema:
    """One canonical table and what a row of it is."""

    name: str
    row: str
    columns: tuple[Column, ...]

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names in order."""
        return tuple(column.name for column in self.columns)

    def definition(self) -> str:
        """The column list of a CREATE TABLE in the engine's dialect."""
        return ", ".join(f"{c.name} {c.type}{'' if c.nullable else ' NOT NULL'}" for c in self.columns)


EVENT = (
    Column("event_id", TEXT, "hash of source and content: the same event read twice is one event", nullable=False),
    Column("source", TEXT, "where it was read: format and file", nullable=False),
    Column("source_id", TEXT, "the source's own id of the record"),
    Column("occurred_at", MOMENT, "when it happened, UTC", nullable=False),
    Column("received_at", MOMENT, "when Keepers read it, UTC", nullable=False),
)
"""What every event carries."""

CUSTOMER = Column("customer_key", TEXT, "the customer, after identity was resolved; empty for guests nobody can name")
DAY_OF = Column("day", DAY, "calendar day in the business's time zone", nullable=False)
CURRENCY = Column("currency", TEXT, "ISO code, or `unspecified`", nullable=False)


def _event(name: str, row: str, *columns: Column) -> Schema:
    return Schema(name, row, EVENT + columns)


ORDERS = _event(
    "orders",
    "one order as it was placed, before refunds",
    CUSTOMER,
    DAY_OF,
    Column("order_id", TEXT, "the order's number as the shop shows it", nullable=False),
    Column("status", TEXT, "`paid`, `pending`, `void`, `failed` or `test`", nullable=False),
    Column("counted", FLAG, "whether it is a purchase: paid, not a test, not void", nullable=False),
    Column("voided_on", DAY, "day from which a cancelled order stops counting"),
    CURRENCY,
    Column("gross", MONEY, "what was charged, with tax and shipping"),
    Column("tax", MONEY, "tax in it"),
    Column("shipping", MONEY, "shipping in it"),
    Column("discount", MONEY, "what was taken off the list price"),
    Column(
        "amount", MONEY, "revenue: after discounts, before tax and shipping where they are known; empty without money"
    ),
    Column("contribution", MONEY, "amount less the cost of what was sold, where costs are known"),
    Column("channel", TEXT, "channel that brought the order"),
    Column("campaign", TEXT, "campaign that brought the order"),
    Column("product", TEXT, "the product with the largest share of the order"),
    Column("category", TEXT, "its category"),
    Column("country", TEXT, "where it was sold to"),
    Column("discount_code", TEXT, "coupon that was used"),
)
ORDER_LINES = _event(
    "order_lines",
    "one product of one order",
    CUSTOMER,
    DAY_OF,
    Column("order_id", TEXT, "its order", nullable=False),
    Column("sku", TEXT, "article number"),
    Column("product", TEXT, "name of the product"),
    Column("category", TEXT, "category of the product"),
    Column("quantity", NUMBER, "pieces"),
    Column("unit_price", MONEY, "price of a piece"),
    Column("amount", MONEY, "quantity times price less discount"),
    Column("unit_cost", MONEY, "cost of a piece, where known"),
    CURRENCY,
)
REFUNDS = _event(
    "refunds",
    "money given back, at its own time",
    CUSTOMER,
    DAY_OF,
    Column("order_id", TEXT, "the order it belongs to; empty if it could not be matched"),
    Column("amount", MONEY, "what was given back, positive", nullable=False),
    CURRENCY,
    Column("reason", TEXT, "why"),
    Column(
        "names_order", TEXT, "number of the order that the refund's own row names, whether that order was read or not"
    ),
    Column("restates", FLAG, "whether the order's own row says it, so that a newer row of the order says it anew"),
    Column("told", MONEY, "what the refund's own row says went back, by which it is known again; tax may be in it"),
)
TOUCHES = _event(
    "touches",
    "one contact of a person with marketing",
    CUSTOMER,
    DAY_OF,
    Column("visitor_id", TEXT, "anonymous id before the customer is known"),
    Column("channel", TEXT, "channel"),
    Column("campaign", TEXT, "campaign"),
    Column("medium", TEXT, "medium"),
    Column("landing_page", TEXT, "page"),
    Column("cost", MONEY, "cost of this touch, where known"),
)
SPEND = _event(
    "spend",
    "marketing spend of a channel and campaign on a day",
    DAY_OF,
    Column("channel", TEXT, "channel", nullable=False),
    Column("campaign", TEXT, "campaign"),
    Column("amount", MONEY, "what was spent", nullable=False),
    CURRENCY,
    Column("impressions", COUNT, "times shown"),
    Column("clicks", COUNT, "clicks"),
    Column("claimed_conversions", NUMBER, "conversions the platform claims"),
    Column("claimed_value", MONEY, "revenue the platform claims"),
)
ENGAGEMENT = _event(
    "engagement",
    "an e-mail opened, a link clicked, a session, a log-in",
    CUSTOMER,
    DAY_OF,
    Column("kind", TEXT, "`sent`, `open`, `click`, `unsubscribe`, `session`, `login`", nullable=False),
    Column("campaign", TEXT, "campaign"),
    Column("value", NUMBER, "its size where it has one"),
)
FEEDBACK = _event(
    "feedback",
    "a rating, a survey answer, a complaint, a review",
    CUSTOMER,
    DAY_OF,
    Column("kind", TEXT, "`nps`, `csat`, `review`, `complaint`", nullable=False),
    Column("score", NUMBER, "the score given"),
    Column("text", TEXT, "the words"),
)
SUBSCRIPTIONS = _event(
    "subscriptions",
    "one contract",
    CUSTOMER,
    DAY_OF,
    Column("subscription_id", TEXT, "the contract's id", nullable=False),
    Column("plan", TEXT, "plan"),
    Column("status", TEXT, "`trial`, `active`, `past_due`, `paused`, `cancelled`", nullable=False),
    Column("started_on", DAY, "first day"),
    Column("trial_ends_on", DAY, "last day of the trial"),
    Column("ended_on", DAY, "day it ended, empty while it runs"),
    Column("interval", TEXT, "billing period: `day`, `week`, `month`, `year`"),
    Column("quantity", NUMBER, "seats"),
    Column("amount", MONEY, "price of a period"),
    CURRENCY,
    Column("cancellation_reason", TEXT, "why it ended"),
)
REFERRALS = _event(
    "referrals",
    "a customer brought by another",
    CUSTOMER,
    DAY_OF,
    Column("referrer_key", TEXT, "who brought them", nullable=False),
    Column("incentive_cost", MONEY, "what the referral cost"),
    Column("converted", FLAG, "whether the referred person bought"),
)
LEADS = _event(
    "leads",
    "a person or company that may become a customer",
    CUSTOMER,
    DAY_OF,
    Column("lead_id", TEXT, "the lead's id", nullable=False),
    Column("channel", TEXT, "original source"),
    Column("campaign", TEXT, "campaign"),
    Column("status", TEXT, "status as the source writes it"),
    Column("stage", TEXT, "stage of the pipeline"),
    Column("owner", TEXT, "who works on it"),
    Column("company", TEXT, "company"),
    Column("country", TEXT, "country"),
    Column("amount", MONEY, "size of the deal"),
    CURRENCY,
    Column("won", FLAG, "whether it became a customer; empty while open"),
    Column("closed_on", DAY, "day it was won or lost"),
)
LEAD_ATTRIBUTES = Schema(
    "lead_attributes",
    "what a list of leads says of one beyond the schema; it carries no day",
    (
        Column("lead_event_id", TEXT, "`event_id` of the lead", nullable=False),
        Column("attribute", TEXT, "which", nullable=False),
        Column("value", TEXT, "its value"),
    ),
)
TREATMENTS = _event(
    "treatments",
    "an offer that was made or held back",
    CUSTOMER,
    DAY_OF,
    Column("offer", TEXT, "the offer, or `control`", nullable=False),
    Column("cost", MONEY, "its cost for this customer"),
    Column("propensity", NUMBER, "probability with which it was assigned"),
    Column("accepted", FLAG, "whether it was taken"),
)
CUSTOMERS = Schema(
    "customers",
    "one customer; personal data stand in `persons`",
    (
        Column("customer_key", TEXT, "the customer", nullable=False),
        Column("source", TEXT, "where it was read", nullable=False),
        Column("created_at", MOMENT, "when the account was made"),
        Column("country", TEXT, "country"),
        Column("region", TEXT, "region"),
        Column("city", TEXT, "city"),
        Column("accepts_marketing", FLAG, "whether marketing may be sent"),
        Column("channel", TEXT, "channel that brought the customer"),
        Column("campaign", TEXT, "campaign that brought the customer"),
        Column("account_id", TEXT, "business customer it belongs to"),
        Column("tags", TEXT, "tags of the source"),
        Column("claimed_orders", COUNT, "orders that the source itself counts"),
        Column("claimed_revenue", MONEY, "revenue that the source itself counts"),
    ),
)
PERSONS = Schema(
    "persons",
    "what names a person, in one keyed table so that it can be erased",
    (
        Column("customer_key", TEXT, "the customer", nullable=False),
        Column("name", TEXT, "name"),
        Column("email", TEXT, "e-mail address"),
        Column("phone", TEXT, "phone number"),
    ),
)
PRODUCTS = Schema(
    "products",
    "one article",
    (
        Column("sku", TEXT, "article number", nullable=False),
        Column("product", TEXT, "name"),
        Column("category", TEXT, "category"),
        Column("price", MONEY, "list price"),
        Column("unit_cost", MONEY, "cost of a piece"),
    ),
)
IDENTITIES = Schema(
    "identities",
    "one external id of a customer",
    (
        Column("customer_key", TEXT, "the customer", nullable=False),
        Column("system", TEXT, "who gave the id: `email`, `phone`, or a source", nullable=False),
        Column("external_id", TEXT, "the id there, normalised", nullable=False),
        Column("since", MOMENT, "known since"),
        Column("until", MOMENT, "valid until a merge or split"),
    ),
)
ACCOUNTS = Schema(
    "accounts",
    "one business customer",
    (
        Column("account_id", TEXT, "the account", nullable=False),
        Column("name", TEXT, "name"),
        Column("domain", TEXT, "web domain"),
        Column("industry", TEXT, "industry"),
        Column("country", TEXT, "country"),
        Column("created_at", MOMENT, "when it was made"),
    ),
)
CUSTOMER_ATTRIBUTES = Schema(
    "customer_attributes",
    "one attribute of a customer from a day on",
    (
        Column("customer_key", TEXT, "the customer", nullable=False),
        Column("attribute", TEXT, "which", nullable=False),
        Column("value", TEXT, "its value"),
        Column("valid_from", MOMENT, "from when", nullable=False),
    ),
)
CONSENTS = Schema(
    "consents",
    "a consent given or withdrawn",
    (
        Column("customer_key", TEXT, "the customer", nullable=False),
        Column("purpose", TEXT, "`email`, `sms`, `profiling`", nullable=False),
        Column("granted", FLAG, "given or withdrawn", nullable=False),
        Column("occurred_at", MOMENT, "when", nullable=False),
    ),
)
VISITS = _event(
    "visits",
    "one visit of a page of a funnel",
    CUSTOMER,
    DAY_OF,
    Column("visitor_id", TEXT, "anonymous id", nullable=False),
    Column("page", TEXT, "page"),
    Column("channel", TEXT, "channel"),
    Column("device", TEXT, "kind of device"),
    Column("converted", FLAG, "whether the visit ended in an order"),
)
EXPOSURES = _event(
    "exposures",
    "a variant shown to a visitor",
    CUSTOMER,
    DAY_OF,
    Column("visitor_id", TEXT, "anonymous id", nullable=False),
    Column("decision_point", TEXT, "page or slot", nullable=False),
    Column("variant", TEXT, "what was shown", nullable=False),
    Column("propensity", NUMBER, "probability with which it was chosen", nullable=False),
    Column("policy_version", TEXT, "the rule that chose", nullable=False),
)
ASSIGNMENTS = Schema(
    "assignments",
    "a customer assigned to an arm by a deterministic hash",
    (
        Column("customer_key", TEXT, "the customer", nullable=False),
        Column("experiment", TEXT, "which experiment", nullable=False),
        Column("arm", TEXT, "the arm", nullable=False),
        Column("held_out", FLAG, "whether it is the control", nullable=False),
        Column("assigned_at", MOMENT, "when", nullable=False),
    ),
)
QUARANTINE = Schema(
    "quarantine",
    "a row that could not be used",
    (
        Column("source", TEXT, "format and file", nullable=False),
        Column("line", COUNT, "line of the file, the header being line 1 where it stands first", nullable=False),
        Column("reason", TEXT, "why, in words a person understands", nullable=False),
        Column("content", TEXT, "the row as it was read"),
    ),
)

CANONICAL: dict[str, Schema] = {
    schema.name: schema
    for schema in (
        ORDERS, ORDER_LINES, REFUNDS, TOUCHES, SPEND, ENGAGEMENT, FEEDBACK, SUBSCRIPTIONS, REFERRALS, LEADS,
        LEAD_ATTRIBUTES, TREATMENTS, CUSTOMERS, PERSONS, PRODUCTS, IDENTITIES, ACCOUNTS, CUSTOMER_ATTRIBUTES,
        CONSENTS, VISITS, EXPOSURES, ASSIGNMENTS, QUARANTINE,
    )
}  # fmt: skip
"""Every canonical table by its name."""
