"""Recognition of tables of no known format: the roles of columns by their names, and by what they hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from keepers.data.distinct import filled_and_distinct
from keepers.data.engine import Engine, quoted
from keepers.data.format import Format, Shape
from keepers.data.formats import find_format
from keepers.data.profile import ColumnProfile
from keepers.data.raw_table import RawTable
from keepers.data.recognition import Assignment, Recognition
from keepers.data.roles import ROLES
from keepers.data.vocabulary import RoleType
from keepers.domain.errors import AmbiguousColumnsError, InputError

IDENTIFYING = ("customer_id", "email", "phone", "name", "first_name")
MONEY = ("amount", "net_amount", "gross", "line_amount", "unit_price")
_NAMED = 0.6
_BARE = 4
"""A table of so few columns, a customer and a day among them, is a list of purchases."""
_PURCHASE = frozenset(("order", "orders", "ordered", "purchase", "purchased", "bought", "transaction", "sale", "sold"))
_WORDS_FOR = {"customer_id": "customer", "date": "date", "amount": "amount"}
_ID_WORDS = frozenset(
    [
        "id",
        "ids",
        "cust",
        "cid",
        "uid",
        "key",
        "code",
        "number",
        "ref",
        "hash",
        "uuid",
        "guid",
        "member",
        "card",
        "account",
    ]
)
_NEVER_MONEY = frozenset(
    [
        "lat",
        "latitude",
        "lon",
        "lng",
        "long",
        "longitude",
        "rating",
        "score",
        "stars",
        "weight",
        "kg",
        "age",
        "percent",
        "percentage",
        "pct",
        "rate",
        "ratio",
        "margin",
        "zip",
        "postcode",
        "plz",
        "index",
        "rank",
        "probability",
        "temperature",
        "distance",
        "size",
        "height",
        "width",
        "hours",
        "duration",
    ]
)


def recognise_general(
    engine: Engine,
    raw: RawTable,
    profiles: Mapping[str, ColumnProfile],
    by_hand: Mapping[str, str],
    named: Format | None = None,
) -> Recognition:
    """Say what a table of no known format is; see `keepers.data.recognise.recognise` for the errors."""
    shape = named or find_format(_shape_of(profiles, by_hand))
    roles = {role: Assignment(column, 1.0, "named by hand") for role, column in by_hand.items()}
    _assign_by_name(shape.general, profiles, roles, hand=set(by_hand))
    if shape.shape is not Shape.SALES:
        confidence = min((found.confidence for found in roles.values()), default=0.0)
        return Recognition(shape, roles, round(confidence, 3), profiles)
    _ByContent(engine, raw, profiles, roles).run()
    _check_sales(raw, profiles, roles)
    shape = _settle_lines(engine, raw, shape, roles)
    needed = [roles[role].confidence for role in ("date", *IDENTIFYING, *MONEY) if role in roles]
    return Recognition(shape, roles, round(min(needed), 3), profiles)


def _shape_of(profiles: Mapping[str, ColumnProfile], by_hand: Mapping[str, str]) -> str:
    if {"date", "customer_id", "email"} & set(by_hand):
        return "orders"

    def has(role: str, least: float = 0.9) -> bool:
        return any(ROLES[role].score(p.header.key) >= least and not p.empty for p in profiles.values())

    person = has("customer_id") or has("email") or has("phone")
    money = has("amount", _NAMED) or has("gross", _NAMED) or has("net_amount", _NAMED) or has("unit_price", _NAMED)
    advertising = has("impressions") or has("clicks")
    listed = has("first_name") or has("total_spent") or has("orders_count") or has("accepts_marketing") or has("name")
    lead = any("lead" in p.header.key.split() for p in profiles.values())
    contract = has("started_on") and (has("ended_on") or has("interval")) and (has("plan") or has("subscription_id"))
    shapes = {
        "subscriptions": person and contract and not has("order_id", 0.99),
        "spend": has("spend") and not person and (advertising or has("campaign") or has("platform")),
        "leads": has("lead_id", 0.99) and (has("stage") or lead),
        "orders": has("date", _NAMED) and (money or has("order_id")),
        "products": has("unit_cost") and (has("sku") or has("product")) and not person,
        "customers": person and listed and not money and not has("order_id"),
    }
    return next((name for name, fits_shape in shapes.items() if fits_shape), "orders")


def _assign_by_name(
    wanted: tuple[str, ...], profiles: Mapping[str, ColumnProfile], roles: dict[str, Assignment], hand: set[str]
) -> None:
    """Give each role the column whose name says it best, the surest first."""
    taken = {assignment.column for assignment in roles.values()}
    priced = any(ROLES["quantity"].score(p.header.key) > _NAMED and p.number > 0.5 for p in profiles.values())
    scored: list[tuple[float, str, str]] = []
    for role in wanted:
        if role in roles or (role == "unit_price" and not priced) or _said_by_hand(role, hand):
            continue
        for name, profile in profiles.items():
            score = ROLES[role].score(profile.header.key)
            if role == "amount" and priced and profile.header.key in ROLES["unit_price"].words:
                score = 0.0
            if name not in taken and score >= _NAMED and not profile.empty and fits(role, profile):
                scored.append((score, role, name))
    for score, role, name in sorted(scored, key=lambda entry: -entry[0]):
        if role in roles or name in taken:
            continue
        rivals = [n for s, r, n in scored if r == role and n != name and n not in taken and score - s < 0.02]
        if rivals and score < 0.9 and role in _WORDS_FOR:
            _ask(role, [name, *rivals])
        roles[role] = Assignment(name, round(score, 3), "name of the column")
        taken.add(name)


def _said_by_hand(role: str, hand: set[str]) -> bool:
    """Whether a person's choice for one role settles another: a customer or an amount is said once."""
    customer = role in IDENTIFYING and bool(hand & {"customer_id", "email"}) and role in ("customer_id",)
    return customer or (role in MONEY and bool(hand & set(MONEY)))


def fits(role: str, profile: ColumnProfile) -> bool:
    """Whether what a column holds can be what a role says."""
    kind = ROLES[role].type
    if role == "email":
        return profile.email >= 0.5
    if role == "currency":
        return profile.currency >= 0.5
    if kind is RoleType.MOMENT:
        return profile.date >= 0.5 or (profile.number >= 0.9 and profile.length in (5, 10, 13, 16))
    if kind in (RoleType.MONEY, RoleType.NUMBER):
        return profile.number >= 0.5
    if role == "customer_id":
        return profile.date < 0.9 or profile.number >= 0.9
    return True


class _ByContent:
    """Finds what the names did not tell: addresses, the date, the money, the customer."""

    def __init__(
        self, engine: Engine, raw: RawTable, profiles: Mapping[str, ColumnProfile], roles: dict[str, Assignment]
    ) -> None:
        self.engine = engine
        self.raw = raw
        self.profiles = profiles
        self.roles = roles
        self.taken = {assignment.column for assignment in roles.values()}

    def run(self) -> None:
        """Fill the roles that are open."""
        if not {"email", "customer_id"} & set(self.roles):
            self._first("email", self._free("email", 0.9), 0.9)
        if not self.raw.header:
            for role in ("currency", "status"):
                self._first(role, self._free(role, 0.95), 0.9)
            self._first("order_id", self._codes(), 0.7)
        self._only("date", self._free("date", 0.9))
        if not set(MONEY) & set(self.roles):
            self._only("amount", self._money())
        if not set(IDENTIFYING) & set(self.roles):
            found = _customer_candidates(self.engine, self.raw, self.profiles, self.taken, self.roles)
            if not found and "order_id" in self.roles and self.roles["order_id"].why == "what the column holds":
                found = [self.roles.pop("order_id").column]
            self._first("customer_id", found, 0.75)
        if not set(MONEY) & set(self.roles) and not self.raw.header:
            numbers = [n for n in self._free("number", 0.95) if self.profiles[n].distinct > 0.01]
            self._first("amount", numbers if len(numbers) == 1 else [], 0.6)

    def _free(self, measure: str, least: float) -> list[str]:
        return [
            name for name, profile in self.profiles.items()
            if name not in self.taken and not profile.empty and getattr(profile, measure) >= least
        ]  # fmt: skip

    def _money(self) -> list[str]:
        return [
            name for name in self._free("decimal", 0.3)
            if self.profiles[name].number >= 0.9 and not set(self.profiles[name].header.key.split()) & _NEVER_MONEY
        ]  # fmt: skip

    def _codes(self) -> list[str]:
        """Columns of letters and digits together, another on every row."""
        return [
            name for name in self._free("letters", 0.95)
            if self.profiles[name].distinct == 1.0 and self.profiles[name].digits >= 0.95
            and self.profiles[name].email == 0 and self.profiles[name].date < 0.5 and self.profiles[name].decimal < 0.1
        ]  # fmt: skip

    def _only(self, role: str, candidates: list[str]) -> None:
        """Give a role its only candidate; ask where there are several."""
        if role not in self.roles:
            if len(candidates) > 1:
                _ask(role, candidates)
            self._first(role, candidates, 0.85)

    def _first(self, role: str, candidates: list[str], confidence: float) -> None:
        if role not in self.roles and candidates:
            self.roles[role] = Assignment(candidates[0], confidence, "what the column holds")
            self.taken.add(candidates[0])


def _customer_candidates(
    engine: Engine,
    raw: RawTable,
    profiles: Mapping[str, ColumnProfile],
    taken: set[str],
    roles: dict[str, Assignment],
) -> list[str]:
    """Columns whose values come back and tell buyers apart; of two that say the same the first."""
    free = [
        n for n, p in profiles.items()
        if n not in taken and p.filled >= 0.5 and p.date < 0.9 and p.decimal < 0.3 and p.length <= 64
        and (not raw.header or set(p.header.key.split()) & _ID_WORDS)
    ]  # fmt: skip
    if not free:
        return []
    counted = engine.row(
        "SELECT count(*), " + ", ".join(f"count(DISTINCT {quoted(n)})" for n in free) + f" FROM {quoted(raw.table)}"
    )
    rows, varied = counted[0], dict(zip(free, counted[1:], strict=True))
    ids = [n for n in free if varied[n] > max(1, min(0.02 * rows, 50)) or (rows < 50 and varied[n] > 1)]
    unique = [n for n in ids if varied[n] == rows]
    repeated = [n for n in ids if varied[n] < rows] or unique
    if unique and repeated is not unique and "order_id" not in roles:
        roles["order_id"] = Assignment(unique[0], 0.7, "what the column holds")
        taken.add(unique[0])
    if len(repeated) < 2:
        return repeated
    first, *others = repeated
    rivals = [n for n in others if not _same_partition(engine, raw, first, n)]
    rivals = [n for n in rivals if varied[n] > 0.2 * varied[first]]
    if rivals:
        _ask("customer_id", [first, *rivals])
    return [first]


def _same_partition(engine: Engine, raw: RawTable, first: str, second: str) -> bool:
    a, b = quoted(first), quoted(second)
    pairs, left, right = engine.row(
        f"SELECT count(DISTINCT ({a}, {b})), count(DISTINCT {a}), count(DISTINCT {b}) FROM {quoted(raw.table)}"
    )
    return bool(pairs == left == right)


def _check_sales(raw: RawTable, profiles: Mapping[str, ColumnProfile], roles: Mapping[str, Assignment]) -> None:
    listed = ", ".join(list(profiles)[:30])
    if len(profiles) == 1:
        raise InputError(
            f"{raw.source} has one column only ({listed[:80]}). The fields are separated by something Keepers did not "
            "recognise; save the file with commas, semicolons or tabs between the columns."
        )
    if "date" not in roles:
        raise InputError(
            f"{raw.source} has no column with the date of an order. Its columns are: {listed}."
            f"{_named_otherwise(('date',), profiles)} If one of them is the "
            "date, name it: columns={'date': '...'}; on the command line --date COLUMN."
        )
    bought = {"order_id", "quantity", "product", "sku", "status", *MONEY} & set(roles)
    said = any(role.why == "named by hand" for role in roles.values())
    told = any(set(profile.header.key.split()) & _PURCHASE for profile in profiles.values())
    if not bought and not said and not told and len(profiles) > _BARE:
        raise InputError(
            f"{raw.source} has customers and days, but nothing that was bought: no amount, no order number, no article."
            f" Its columns are: {listed}. If each row is a purchase all the same, say so by naming the columns: "
            "columns={'customer': '...', 'date': '...'}."
        )
    if not set(IDENTIFYING) & set(roles):
        raise InputError(
            f"{raw.source} has no column that says which customer bought. Its columns are: {listed}."
            f"{_named_otherwise(IDENTIFYING, profiles)} Name it: columns={{'customer': '...'}}; on the command line "
            "--customer COLUMN. An id, an e-mail address or a phone number will do."
        )


def _named_otherwise(roles: tuple[str, ...], profiles: Mapping[str, ColumnProfile]) -> str:
    """What a column holds that is named as one of the roles and is not it, as a sentence; empty where there is none."""
    for name, profile in profiles.items():
        if not any(ROLES[role].score(profile.header.key) >= _NAMED for role in roles):
            continue
        if profile.empty:
            return f" `{name}` is empty."
        holds = "dates" if profile.date >= 0.5 else "numbers" if profile.number >= 0.5 else "text"
        return f" `{name}` holds {holds}: are columns swapped?"
    return ""


def _ask(role: str, candidates: list[str]) -> None:
    word = _WORDS_FOR[role]
    listed = " or ".join(f"`{name}`" for name in candidates[:6])
    raise AmbiguousColumnsError(
        f"Which column is the {word}: {listed}? Name it: columns={{'{word}': '{candidates[0]}'}}; on the command line "
        f'--{word} "{candidates[0]}".',
        {word: candidates},
    )


def _settle_lines(engine: Engine, raw: RawTable, shape: Format, roles: dict[str, Assignment]) -> Format:
    """Whether rows are orders or their lines, and whether money stands for the row or for its order."""
    order = roles.get("order_id")
    if order is None:
        return replace(shape, lines=False)
    table, key = quoted(raw.table), quoted(order.column)
    rows, orders = filled_and_distinct(engine, key, table, raw.rows)
    if rows == orders:
        priced = {"quantity"} <= set(roles) and bool({"unit_price", "line_amount"} & set(roles))
        article = bool({"sku", "product"} & set(roles)) and not {"amount", "net_amount", "gross"} & set(roles)
        return replace(shape, lines=priced and article)
    money = next((roles[r] for r in ("amount", "net_amount", "gross") if r in roles), None)
    if money is not None:
        several, same = engine.row(
            f"""SELECT count(*), count(*) FILTER (low = high) FROM (
                    SELECT min({quoted(money.column)}) AS low, max({quoted(money.column)}) AS high
                    FROM {table} WHERE {key} IS NOT NULL GROUP BY {key} HAVING count(*) > 1)"""
        )
        if several and same < 0.95 * several:
            for role in ("amount", "net_amount", "gross"):
                if role in roles:
                    roles.setdefault("line_amount", roles[role])
                    del roles[role]
    return replace(shape, lines=True)
