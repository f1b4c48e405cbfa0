"""Tables of the running system: who may come in, what was received, what every customer is worth now, and its work."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    Text,
    text,
)

from keepers.storage.schema import METADATA, Moment

LARGE = BigInteger().with_variant(Integer(), "sqlite")
"""Numbers of events: more than four bytes hold."""

USERS = Table(
    "users",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("email", String(320), nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    Column("role", String(20), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("disabled_at", Moment),
    CheckConstraint("role IN ('owner', 'analyst', 'viewer')", name="user_role"),
)
"""A person who may sign in."""

USER_SESSIONS = Table(
    "user_sessions",
    METADATA,
    Column("token_hash", String(64), primary_key=True),
    Column("user_id", Integer, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
)
"""One sign-in. What the browser holds is not kept, only its hash."""

API_TOKENS = Table(
    "api_tokens",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("name", String(200), nullable=False),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("scopes", JSON, nullable=False),
    Column("made_by", String(320), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("revoked_at", Moment),
)
"""What lets a program in, as a hash."""

AUDIT_LOG = Table(
    "audit_log",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("at", Moment, nullable=False, index=True),
    Column("actor", String(320), nullable=False),
    Column("action", String(100), nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", JSON, nullable=False),
)
"""Who did what, in the order of time."""

RECEIVED_EVENTS = Table(
    "received_events",
    METADATA,
    Column("id", LARGE, primary_key=True),
    Column("message_id", String(255), nullable=False, unique=True),
    Column("received_at", Moment, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("body", Text, nullable=False),
    sqlite_autoincrement=True,
)
"""What programs sent, word for word; a `message_id` is one event however often it is sent."""

GENERATIONS = Table(
    "generations",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("folder", Text, nullable=False),
    Column("as_of", Date, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("customers", Integer, nullable=False),
    Column("settings", JSON, nullable=False),
    Column("status", String(20), nullable=False),
    Column("base_event", LARGE, nullable=False),
    Column("applied_event", LARGE, nullable=False),
    Column("bands", JSON),
    CheckConstraint("status IN ('filling', 'current', 'retired')", name="generation_status"),
    sqlite_autoincrement=True,
)
"""The values of one run as the running system serves them.

`base_event` is the last received event among the run's orders, `applied_event` the last one that the values know of;
`bands` says where the bands of `live_cells` begin, and nothing where customers are not counted there."""

FILLING, CURRENT, RETIRED = "filling", "current", "retired"
"""What the status of a generation can be."""

Index(
    "one_current_generation",
    GENERATIONS.c.status,
    unique=True,
    sqlite_where=text("status = 'current'"),
    postgresql_where=text("status = 'current'"),
)

LIVE_CUSTOMERS = Table(
    "live_customers",
    METADATA,
    Column("generation", Integer, ForeignKey("generations.id", ondelete="CASCADE"), primary_key=True),
    Column("customer_key", Text, primary_key=True),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("orders", Integer, nullable=False),
    Column("revenue", Float),
    Column("frequency", Integer, nullable=False),
    Column("monetary_value", Float),
    Column("monetary_value_all", Float),
    Column("probability_alive", Float),
    Column("expected_orders", Float),
    Column("value", Float),
    Column("value_low", Float),
    Column("value_high", Float),
    Column("value_also", Float),
    Column("value_lifetime", Float),
    Column("value_infinite", Float),
    Column("value_learned", Float),
    Column("money_at_risk", Float),
    Column("state", String(20)),
    Column("tier", String(40)),
    Column("rfm_group", String(60)),
    Column("segment", String(80)),
    Column("channel", Text),
    Column("country", Text),
    Column("updated_at", Moment, nullable=False),
    Column("by_event", Boolean, nullable=False),
    Column("base", Text),
    Column("fields", Text, nullable=False),
)
"""One customer now: the history that suffices and the value, within other horizons and as it was learned, too. `base`
is the history as the run knew it, empty for who came since, and `fields` everything else that the run says of them;
both are JSON texts. All indexes but that of the key are of one generation each, see `keepers.storage.live_indexes`."""

LONGEST_NAME = 120
"""Letters of a channel or country that are kept of a live customer."""

LIVE_CELLS = Table(
    "live_cells",
    METADATA,
    Column("generation", Integer, ForeignKey("generations.id", ondelete="CASCADE"), primary_key=True),
    *(Column(_name, Text, primary_key=True) for _name in (
        "tier", "rfm_group", "segment", "state", "channel", "country",
    )),
    *(Column(f"{_name}_band", SmallInteger, primary_key=True, autoincrement=False) for _name in (
        "orders", "last_day", "probability_alive", "value", "value_also", "value_lifetime", "value_infinite",
    )),
    Column("priced", SmallInteger, primary_key=True, autoincrement=False),
    Column("customers", Integer, nullable=False),
    *(Column(_name, Float, nullable=False) for _name in (
        "revenue", "probability_alive", "value", "value_also", "value_lifetime", "value_infinite", "at_risk",
        "at_risk_also", "at_risk_lifetime", "at_risk_infinite",
    )),
    sqlite_with_rowid=False,
)  # fmt: skip
"""Customers of a generation that are in the same groups and bands, counted and summed, as they are now.

A group nobody knows of is an empty text, a band nobody knows of -1; `priced` is 1 where the revenue is known, 2 where
the money at risk is, 3 for both. What is unknown adds nothing to a sum."""

LIVE_ORDERS = Table(
    "live_orders",
    METADATA,
    Column("order_id", Text, primary_key=True),
    Column("customer_key", Text, nullable=False, index=True),
    Column("day", Date),
    Column("amount", Float),
    Column("refunded", Float, nullable=False),
    Column("cancelled", Boolean, nullable=False),
    Column("event_id", LARGE, nullable=False),
)
"""An order that came as an event, so that the same order sent anew, or refunded, changes it rather than adds one.

Of an order that only a file knows there is no day, and only what was refunded."""

LIVE_PERSONS = Table(
    "live_persons",
    METADATA,
    Column("customer_key", Text, primary_key=True),
    Column("name", Text),
    Column("email", Text),
    Column("searched", Text, nullable=False, server_default=""),
)
"""Who a customer is, apart, so that a person can be erased; `searched` is name and address in small letters."""

LIVE_IDENTITIES = Table(
    "live_identities",
    METADATA,
    Column("known_as", String(400), primary_key=True),
    Column("customer_key", Text, nullable=False, index=True),
)
"""What a person is called by programs that send events (`user:17`, `email:a@b`), and whose key that is."""

JOBS = Table(
    "jobs",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("status", String(20), nullable=False),
    Column("asked_by", String(320), nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("ended_at", Moment),
    Column("step", Text, nullable=False),
    Column("said", Text, nullable=False),
    Column("why", Text, nullable=False, server_default=""),
    Column("due_at", Moment),
    Column("worker", String(200)),
    Column("alive_at", Moment),
    Column("attempts", Integer, nullable=False, server_default="0"),
    CheckConstraint("status IN ('waiting', 'running', 'done', 'failed')", name="job_status"),
)
"""A longer piece of work: valuing everything anew, reading a file.

`due_at` is the moment of a schedule that asked, so that each moment asks once whichever process comes first; `worker`
is the process that does it, which says at `alive_at` that it still does."""

Index("one_job_of_a_moment", JOBS.c.kind, JOBS.c.due_at, unique=True)
