"""What a format is: a declaration of which columns of an export say what, in one small object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

from keepers.data.vocabulary import read_header


class Shape(Enum):
    """What the rows of a format are."""

    SALES = "sales"
    CUSTOMERS = "customers"
    PRODUCTS = "products"
    LEADS = "leads"
    ACCOUNTS = "accounts"
    SPEND = "spend"
    SUBSCRIPTIONS = "subscriptions"
    EVENTS = "events"
    CHANNELS = "channels"
    CANONICAL = "canonical"


@dataclass(frozen=True)
class Format:
    """One export format, as a declaration.

    A new format is one file in `keepers/data/formats` with ``FORMAT = Format(...)``; nothing else needs to know of it.
    A program that uses Keepers can add its own with `keepers.data.formats.register`.

    Parameters
    ----------
    name : str
        Short name, "shopify orders"; its first word is the system whose ids and numbers the file carries.
    label : str
        What people call it: "Shopify orders export".
    shape : Shape
        What a row is. `Shape.SALES` rows are orders, lines of orders, or payments.
    columns : mapping of role to headers
        For each role (see `keepers.data.roles.ROLES`) the headers that carry it, separated by commas, preferred first,
        in any language the vendor writes. Case, blanks, accents, punctuation and a currency in brackets do not matter.
    marks : tuple of str
        Roles that every variant of this format has under its own headers; a file is of the format when all of them are
        there (or `enough` of them).
    enough : float, optional
        Share of `marks` that is enough.
    never : str, optional
        Headers, separated by commas, that a file of this format cannot have.
    general : tuple of str, optional
        Roles that may be found by the general vocabulary where none of the format's own headers is there.
    lines : bool or None, optional
        Whether rows are lines of orders: values of the order stand on its first line or on all of them. None: let the
        content tell.
    amount : str, optional
        SQL over roles: revenue after discounts, before tax and shipping.
    gross : str, optional
        SQL over roles: what was charged, with tax and shipping.
    refund : str, optional
        SQL over roles: money given back according to the order's own row, positive.
    currency : str, optional
        SQL over roles: the currency of these.
    sums : tuple of str, optional
        Roles of an order whose values stand on its lines and are added up.
    blank : mapping of role to words, optional
        Words, separated by commas, that stand for "nothing" in a role: ``{"customer_id": "0"}``.
    wide_lines : mapping of role to header, optional
        Lines that stand side by side in an order's row: for `sku`, `product`, `quantity`, `line_amount` a header with
        ``{n}`` for their number.
    statuses : mapping, optional
        Words of the `status` role that mean something else here than in general; values are `paid`, `pending`, `void`,
        `failed`, `test`, `refunded`.
    types : mapping, optional
        Words of the `type` role: `sale`, `refund` or `other`. A key that ends in ``*`` stands for everything that
        begins so; ``""`` for all others.
    signed : bool, optional
        Whether money that goes out is negative in the file: a "sale" below zero is then none, nor is a positive refund.
    ids : str, optional
        Whose customer ids and order numbers the file carries; the first word of `name` without it. Formats with the
        same `ids` share their customers and orders.
    payments : bool, optional
        Whether the rows are payments, which a shop's own orders in the same reading replace.
    refund_whole : bool, optional
        Whether what rows say was given back comes off revenue as it stands. Otherwise as much of it is tax as of the
        order's charge, where no row says how much.
    same_order : bool, optional
        Whether a refund's row carries the order's own id (and `reference` is not needed).
    words : mapping, optional
        With `Shape.CANONICAL`, for a role what its words mean here: ``{"kind": {"opened*": "open"}}``. A word that ends
        in ``*`` stands for everything that begins so; case, accents and marks do not matter; other words stay.
    telling : tuple of str, optional
        Roles of `words` whose column must mostly hold these words: a header such as "type" says too little.
    people : bool, optional
        Whether a column must say who it is about, by id, e-mail address or phone number.
    constants : mapping, optional
        SQL for roles that no column carries, for example ``{"platform": "'meta'"}``.
    table : str, optional
        With `Shape.CANONICAL`, the canonical table whose columns the roles are.
    note : str, optional
        What a person should know about the format, shown with the file.
    """

    name: str
    label: str
    shape: Shape
    columns: Mapping[str, str]
    marks: tuple[str, ...]
    enough: float = 1.0
    never: str = ""
    general: tuple[str, ...] = ()
    lines: bool | None = False
    amount: str = "coalesce(net_amount, gross - coalesce(tax, 0) - coalesce(shipping, 0), amount)"
    gross: str = "coalesce(gross, amount, net_amount + coalesce(tax, 0) + coalesce(shipping, 0))"
    refund: str = "abs(refunded)"
    currency: str = "currency"
    sums: tuple[str, ...] = ()
    blank: Mapping[str, str] = field(default_factory=dict)
    wide_lines: Mapping[str, str] = field(default_factory=dict)
    statuses: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    signed: bool = False
    ids: str = ""
    payments: bool = False
    refund_whole: bool = False
    same_order: bool = False
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    telling: tuple[str, ...] = ()
    people: bool = False
    constants: Mapping[str, str] = field(default_factory=dict)
    table: str = ""
    note: str = ""

    @property
    def system(self) -> str:
        """Who gave the ids in the file."""
        return self.ids or self.name.split()[0]

    @cached_property
    def headers(self) -> dict[str, tuple[str, ...]]:
        """The keys of each role's headers, preferred first."""
        return {role: header_keys(written) for role, written in self.columns.items()}

    @cached_property
    def excluded(self) -> frozenset[str]:
        """Keys of headers that a file of this format cannot have."""
        return frozenset(header_keys(self.never))


def header_keys(written: str) -> tuple[str, ...]:
    """The keys of headers written in one text, separated by commas."""
    return tuple(read_header(part).key for part in written.replace("\n", " ").split(",") if part.strip())
