"""What is odd about the columns that were taken for the customer and the money, said before anybody trusts a number."""

from __future__ import annotations

from collections.abc import Iterator

from keepers.data.engine import Engine, quoted
from keepers.data.format import Shape
from keepers.data.general import MONEY
from keepers.data.raw_table import RawTable
from keepers.data.recognition import Recognition
from keepers.data.roles import ROLES

_ROWS = 5_000
_MOSTLY = 0.9
_NAMED = 0.6
_SHORTENED = r"^[0-9]([.,][0-9]+)?[eE][+][0-9]{1,3}$"
_CENTS = r"^[+-]?[0-9]+[.,]([1-9]|[0-9][1-9])0*$"


def doubts(engine: Engine, raw: RawTable, recognition: Recognition) -> Iterator[tuple[str, str]]:
    """Each doubt about a table of sales: what it is of, and a sentence for people."""
    if recognition.format.shape is not Shape.SALES:
        return
    yield from _money(engine, raw, recognition)
    yield from _customer(engine, raw, recognition)


def _money(engine: Engine, raw: RawTable, recognition: Recognition) -> Iterator[tuple[str, str]]:
    """A column that is named as money, holds none, and no other does."""
    if set(MONEY) & set(recognition.roles):
        return
    taken = {assignment.column for assignment in recognition.roles.values()}
    named = [
        (max(ROLES[role].score(profile.header.key) for role in MONEY), name)
        for name, profile in recognition.profiles.items()
        if name not in taken and not profile.empty and profile.date < _MOSTLY
    ]
    score, name = max(named, default=(0.0, ""))
    if score < _NAMED:
        return
    example = engine.row(
        f"SELECT any_value(trim({quoted(name)}::VARCHAR)) FILTER (trim({quoted(name)}::VARCHAR) <> '') "
        f"FROM (SELECT * FROM {quoted(raw.table)} LIMIT {_ROWS})"
    )[0]
    yield (
        "amounts not read",
        f"`{name}` of {raw.source} is named as money, and most of its values are no amounts (such as "
        f"{str(example)[:40]!r}). It was not used, so its orders have no money. Export it as plain numbers, or name "
        "the right column: --amount COLUMN.",
    )


def _customer(engine: Engine, raw: RawTable, recognition: Recognition) -> Iterator[tuple[str, str]]:
    """Customers whose ids are money, or numbers that a spreadsheet has cut."""
    name = recognition.column("customer_id")
    if name is None or recognition.profiles[name].number < _MOSTLY:
        return
    text = f"trim({quoted(name)}::VARCHAR)"
    filled, shortened, cents, cut, example = engine.row(
        f"SELECT count(*), count(*) FILTER (regexp_matches(v, '{_SHORTENED}')), "
        f"count(*) FILTER (regexp_matches(v, '{_CENTS}')), any_value(v) FILTER (regexp_matches(v, '{_SHORTENED}')), "
        f"any_value(v) FILTER (regexp_matches(v, '[.,][0-9]*[1-9]')) "
        f"FROM (SELECT {text} AS v FROM {quoted(raw.table)} LIMIT {_ROWS}) WHERE v <> ''"
    )
    if shortened:
        yield (
            "shortened ids",
            f"{shortened:,} of the first {filled:,} customers in `{name}` of {raw.source} are written like {cut}: "
            "a spreadsheet has cut their numbers, so that several customers may have become one. Export the file again "
            "and give it without opening it in a spreadsheet.",
        )
    elif cents > 0.5 * filled:
        yield (
            "customers look like money",
            f"`{name}` of {raw.source}, taken for the customer, holds values such as {example}, which look like "
            "amounts. If the columns are swapped, name them: --customer COLUMN --amount COLUMN.",
        )
