"""Which format a raw table has and which column plays which role, by names and by content, with a stated confidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from keepers.data.engine import Engine, quoted
from keepers.data.format import Format
from keepers.data.formats import formats
from keepers.data.general import fits, recognise_general
from keepers.data.normalise import word_sql
from keepers.data.profile import ColumnProfile, profile_columns
from keepers.data.raw_table import RawTable
from keepers.data.recognition import Assignment, Recognition
from keepers.data.roles import ROLES
from keepers.domain.errors import InputError

_MOSTLY = 0.9
_HOLDS = 0.5
_WHO = ("customer_id", "email", "phone")

HAND_NAMES = {
    "customer": "customer_id",
    "order": "order_id",
    "revenue": "amount",
    "value": "amount",
    "price": "unit_price",
    "day": "date",
    "cost": "unit_cost",
    "refund": "refunded",
    "total": "gross",
    "subtotal": "net_amount",
}
"""What a person may call a role when naming columns by hand."""


def recognise(
    engine: Engine, raw: RawTable, columns: Mapping[str, str] | None = None, format_: Format | None = None
) -> Recognition:
    """Say what a raw table is.

    Parameters
    ----------
    columns : mapping of role to column, optional
        Columns that a person named by hand: "customer", "date", "amount" or any role. They are believed.
    format_ : Format, optional
        The format, where a person named it.

    Raises
    ------
    AmbiguousColumnsError
        Two columns could both be the customer, the date or the amount.
    InputError
        No column can be the customer or the date, or a column named by hand does not exist.
    """
    profiles = profile_columns(engine, raw)
    by_hand = _named_by_hand(raw, columns or {})
    customer = by_hand.get("customer_id")
    if customer and raw.kind != "frame" and profiles[customer].email >= _MOSTLY:
        by_hand["email"] = by_hand.pop("customer_id")
    known = format_ or _known_format(engine, profiles, raw)
    if known is None or not (known.marks or known.columns):
        return recognise_general(engine, raw, profiles, by_hand, known)
    roles = _roles_of(known, profiles)
    roles.update({role: Assignment(column, 1.0, "named by hand") for role, column in by_hand.items()})
    found = sum(1 for mark in known.marks if mark in roles)
    confidence = 1.0 if not known.marks else found / len(known.marks)
    return Recognition(_with_money_by_hand(known, by_hand), roles, round(confidence, 3), profiles)


def _with_money_by_hand(known: Format, by_hand: Mapping[str, str]) -> Format:
    """A format whose revenue is the column that a person named."""
    for role in ("amount", "net_amount", "gross"):
        if role in by_hand:
            return replace(known, amount=role, gross=role if role == "gross" else known.gross)
    return known


def _named_by_hand(raw: RawTable, columns: Mapping[str, str]) -> dict[str, str]:
    lowered = {name.casefold(): name for name in raw.columns}
    named = {}
    for role, column in columns.items():
        canonical = HAND_NAMES.get(role, role)
        if canonical not in ROLES:
            allowed = ", ".join(sorted({*HAND_NAMES, *ROLES}))
            raise InputError(f"`columns` names {role!r}, which is no role a column can play. Allowed: {allowed}.")
        written = lowered.get(str(column).strip().casefold())
        if written is None and str(column).isdigit() and 1 <= int(column) <= len(raw.columns) and not raw.header:
            written = raw.columns[int(column) - 1]
        if written is None:
            raise InputError(
                f"{raw.source} has no column {column!r} (named as {role}). It has: {', '.join(raw.columns[:40])}."
            )
        named[canonical] = written
    return named


def _known_format(engine: Engine, profiles: Mapping[str, ColumnProfile], raw: RawTable) -> Format | None:
    if not raw.header:
        return None
    keys = {profile.header.key for profile in profiles.values()}
    best: tuple[float, int, Format] | None = None
    for candidate in formats():
        if not candidate.marks or candidate.excluded & keys:
            continue
        found = sum(1 for mark in candidate.marks if any(key in keys for key in candidate.headers[mark]))
        share = found / len(candidate.marks)
        if share < candidate.enough:
            continue
        if candidate.people and not any(key in keys for role in _WHO for key in candidate.headers.get(role, ())):
            continue
        known = sum(1 for written in candidate.headers.values() if any(key in keys for key in written))
        if not all(_holds(engine, candidate, role, profiles, raw) for role in candidate.telling):
            continue
        if best is None or (share * found, known) > (best[0], best[1]):
            best = (share * found, known, candidate)
    return best[2] if best else None


def _holds(engine: Engine, candidate: Format, role: str, profiles: Mapping[str, ColumnProfile], raw: RawTable) -> bool:
    """Whether the column of a role mostly holds words that the format knows."""
    by_key = {profile.header.key: name for name, profile in reversed(list(profiles.items()))}
    column = next((by_key[key] for key in candidate.headers[role] if key in by_key), None)
    if column is None:
        return False
    known = word_sql(quoted(column), candidate.words[role])
    said, understood = engine.row(f"SELECT count({quoted(column)}), count({known}) FROM {quoted(raw.table)}")
    return bool(said) and understood >= _HOLDS * said


def _roles_of(known: Format, profiles: Mapping[str, ColumnProfile]) -> dict[str, Assignment]:
    by_key: dict[str, str] = {}
    for name, profile in profiles.items():
        by_key.setdefault(profile.header.key, name)
    roles: dict[str, Assignment] = {}
    for role, keys in known.headers.items():
        present = [by_key[key] for key in keys if key in by_key]
        useful = [name for name in present if not profiles[name].empty and fits(role, profiles[name])]
        if useful or present:
            name = (useful or present)[0]
            roles[role] = Assignment(name, 1.0 if useful else 0.9, f"header of {known.label}")
    taken = {assignment.column for assignment in roles.values()}
    for role in known.general:
        if role in roles:
            continue
        scored = [
            (ROLES[role].score(profile.header.key), name)
            for name, profile in profiles.items()
            if name not in taken and not profile.empty and fits(role, profile)
        ]
        score, name = max(scored, default=(0.0, ""))
        if score >= 0.6:
            roles[role] = Assignment(name, round(score, 3), "name of the column")
            taken.add(name)
    return roles
