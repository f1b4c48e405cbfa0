"""Summaries of subscriptions: one row a spell of a customer's contracts, its tenure counted in calendar periods."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from keepers.data.engine import Engine, quoted, template
from keepers.data.table import Table, register_frame
from keepers.domain.attributes import Attributes
from keepers.domain.contracts import ContractCells
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.money import UNSPECIFIED_CURRENCY
from keepers.domain.time import Horizon, ObservationWindow, TimeUnit, months, parse_day
from keepers.summaries.attributes import join_attributes
from keepers.summaries.calendar_periods import part_of_period, whole_periods
from keepers.summaries.purchases import PACKAGE, day_literal

DEFAULT_GRACE = months(1)
"""A customer who comes back within so long never left."""

_TYPES = {
    "customer_key": "VARCHAR", "subscription_id": "VARCHAR", "plan": "VARCHAR", "status": "VARCHAR",
    "started_on": "DATE", "trial_ends_on": "DATE", "ended_on": "DATE", "interval": "VARCHAR", "quantity": "DOUBLE",
    "amount": "DOUBLE", "currency": "VARCHAR", "cancellation_reason": "VARCHAR",
}  # fmt: skip
_MONTHS = (
    "(coalesce(TRY_CAST(regexp_extract(coalesce(interval, ''), '([0-9]+)', 1) AS DOUBLE), 1.0) * "
    "CASE regexp_extract(lower(coalesce(interval, 'month')), '(year|month|week|day)', 1) WHEN 'year' THEN 12.0 "
    "WHEN 'week' THEN 12.0 / 52 WHEN 'day' THEN 12.0 / 365 ELSE 1.0 END)"
)
"""Months in a billing period, as subscription services count them."""


@dataclass(frozen=True, slots=True)
class SubscriptionFacts:
    """What a summary's rows mean."""

    cut: dt.date
    """The day up to which contracts are known; it is included."""
    period: TimeUnit
    """Calendar period of the tenures."""
    grace: Horizon
    """A gap up to this long is a pause; a longer one ends a spell."""
    observed_from: dt.date | None
    """Day from which endings were recorded; None for always."""
    currency: str
    """Currency of the money, or "unspecified"."""
    has_money: bool
    """Whether prices are known."""
    spells: str
    """Name of the table of contracts behind the rows."""
    remarks: tuple[str, ...]
    """What a person should know of how the rows were made."""
    attributes: tuple[str, ...] = ()
    """Columns that were joined to the rows, which models can take for covariates."""


class SubscriptionSummary(Table):
    """A table of the engine, one row a spell: contracts of a customer that follow each other within the grace.

    Columns:

    - `customer_key`, `spell` (1 is the first), `latest`: whether it is the customer's last
    - `plan`: the one held last; `state`: `active`, `past_due`, `paused` or `ended`
    - `started_on`: first paid day, after any trial; `ended_on`, `ended`
    - `end_kind`: `voluntary`, `involuntary` (a payment failed) or `unknown`; `end_reason` in the source's words
    - `tenure`: calendar periods from the start to the end or the cut; `periods`: whole ones, rounded up where the
      contract ended (it was paid to the period's end) and down where it runs
    - `entry`, `entry_periods`: age at which observation began (left truncation); 0 from the start
    - `next_renewal`: periods until the next renewal; empty where it ended
    - `mrr`: what it brings a month, or brought last; `revenue`: recognised so far
    - `upgrades`, `downgrades`, `pauses` within the spell, `contracts` in it
    """

    def __init__(self, engine: Engine, name: str, facts: SubscriptionFacts) -> None:
        super().__init__(engine, name)
        self.facts = facts

    @property
    def unit(self) -> TimeUnit:
        """Calendar period of the tenures."""
        return self.facts.period

    @property
    def currency(self) -> str:
        """Currency of the money, or "unspecified"."""
        return self.facts.currency

    @property
    def has_money(self) -> bool:
        """Whether prices are known."""
        return self.facts.has_money

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a person should know of how the rows were made."""
        return self.facts.remarks

    def with_columns(
        self, table: Any, key: str | None = None, columns: Sequence[str] | None = None
    ) -> SubscriptionSummary:
        """The same contracts with attributes of their customers, which models can take for covariates.

        Parameters
        ----------
        table : frame or Table
            One row a customer; customers of the summary who are not in the table have empty attributes.
        key : str, optional
            Its column with the customer's key; `customer_key`, `customer_id`, `customer` or `id` if left out.
        columns : sequence of str, optional
            Which columns to join; all others if left out.

        Raises
        ------
        InputError
            If columns are missing, a customer occurs twice, or the summary has a column of that name itself.

        Examples
        --------
        >>> import keepers as kp
        >>> contracts = {"customer_key": ["a", "b"], "started_on": ["2024-01-15", "2024-02-01"], "ended_on": [None] * 2}
        >>> summary = kp.summarise_subscriptions(contracts, kp.ObservationWindow(calibration_end="2024-06-30"))
        >>> summary.with_columns({"id": ["a", "b"], "channel": ["ads", "shop"]}).facts.attributes
        ('channel',)
        """
        own = [name for name in self.columns if name not in self.facts.attributes]
        name, joined = join_attributes(self.engine, self, table, key, columns)
        taken = [column for column in joined if column in own]
        if taken:
            self.engine.drop(name)
            raise InputError(
                f"The summary of subscriptions has {', '.join(taken)} itself. Rename the column of the table."
            )
        kept = tuple(column for column in self.facts.attributes if column not in joined)
        return SubscriptionSummary(self.engine, name, replace(self.facts, attributes=(*kept, *joined)))

    def attribute_table(self) -> Table:
        """A row a customer with the columns that were joined, to join them to a summary of another day."""
        listed = ", ".join(quoted(name) for name in self.facts.attributes)
        sql = f"SELECT DISTINCT customer_key, {listed} FROM {quoted(self.name)}"
        return Table(self.engine, self.engine.create(self.engine.new_name("attributes"), sql))

    def contract_cells(self, whole: bool, columns: Sequence[str] = ()) -> dict[str, ContractCells]:
        """The distinct histories of each plan.

        Parameters
        ----------
        whole : bool
            Whether ages are whole periods, as discrete models need them, or exact.
        columns : sequence of str
            Columns of the summary, or such as were joined, that tell one history from another.

        Raises
        ------
        InputError
            If the summary lacks a column.
        """
        entry, tenure = ("entry_periods", "periods") if whole else ("entry", "tenure")
        missing = [name for name in columns if name not in self.columns]
        if missing:
            raise InputError(
                f"The summary of subscriptions lacks {', '.join(missing)} (it has: {', '.join(self.columns)}). Join "
                "what is known of customers: summary.with_columns(table)."
            )
        rows = self.engine.columns(
            template(PACKAGE, "contract_cells").format(
                entry=entry, tenure=tenure, summary=quoted(self.name),
                columns="".join(f", {quoted(name)} AS known_{place}" for place, name in enumerate(columns)),
                places="".join(f", {5 + place}" for place in range(len(columns))),
            )
        )  # fmt: skip
        known = pattern = None
        if columns:
            known, pattern = Attributes.of_rows({name: rows[f"known_{place}"] for place, name in enumerate(columns)})
        groups = {}
        for plan in dict.fromkeys(rows["plan"].tolist()):
            own = rows["plan"] == plan
            groups[str(plan)] = ContractCells(
                rows["entry"][own], rows["tenure"][own], rows["ended"][own], rows["weight"][own], self.unit,
                pattern=None if pattern is None else pattern[own], attributes=known,
            )  # fmt: skip
        return groups


def summarise_subscriptions(
    subscriptions: Any,
    window: ObservationWindow | None = None,
    period: TimeUnit | str = "month",
    *,
    grace: Horizon = DEFAULT_GRACE,
    observed_from: dt.date | str | None = None,
) -> SubscriptionSummary:
    """Make one row a spell of contracts, in the engine, as models of contracts need them.

    Rules, each of which the result counts in `remarks` where it applied:

    - A trial is no contract: tenure begins with the first paid day, and a trial that was not continued is left out.
    - Contracts of a customer that overlap or follow each other within `grace` are one spell: a change of plan is a
      change of price, a gap within the grace a pause. Who comes back later begins a new spell.
    - Paused and past-due contracts run; a paused one brings nothing meanwhile.
    - Everything is as known at the cut (`calibration_end`): an end after it has not happened.

    Parameters
    ----------
    subscriptions : Table or frame
        The canonical table (``keepers.read("subscriptions.csv").tables["subscriptions"]``), or a frame with
        `customer_key` and `started_on`, and of `ended_on`, `plan`, `amount` (price of a billing period, a seat),
        `quantity` (seats), `interval`, `status`, `trial_ends_on`, `cancellation_reason`, `subscription_id`,
        `currency` what is known.
    window : ObservationWindow, optional
        Its `calibration_end` is the cut; the last day on which anything began or ended otherwise.
    period : TimeUnit or str
        Calendar period of tenures: "month" for contracts renewed monthly, "year" for annual ones, "day" or "week".
    grace : Horizon
        How long a gap may be that is a pause.
    observed_from : date or str, optional
        Day from which endings were recorded, where records begin later than the first contracts: whoever left before is
        missing from the data, and models must know it.

    Returns
    -------
    SubscriptionSummary

    Raises
    ------
    InputError
        If columns are missing, or no contract was paid for up to the cut.

    Examples
    --------
    >>> import keepers as kp
    >>> contracts = {
    ...     "customer_key": ["a", "a", "b", "c"], "plan": ["small", "large", "small", "large"],
    ...     "started_on": ["2024-01-15", "2024-04-15", "2024-02-01", "2024-03-10"],
    ...     "ended_on": ["2024-04-15", None, "2024-05-01", None], "amount": [10.0, 25.0, 10.0, 25.0],
    ... }
    >>> summary = kp.summarise_subscriptions(contracts, kp.ObservationWindow(calibration_end="2024-06-30"))
    >>> summary.engine.rows(f"SELECT customer_key, plan, periods, ended, upgrades, mrr FROM {summary.name} ORDER BY 1")
    [('a', 'large', 5, False, 1, 25.0), ('b', 'small', 3, True, 0, 10.0), ('c', 'large', 3, False, 0, 25.0)]
    """
    unit = TimeUnit.parse(period)
    table = subscription_table(subscriptions)
    engine, source = table.engine, _source(table)
    cut = _cut(engine, source, window)
    begins = None if observed_from is None else parse_day(observed_from, "observed_from")
    if begins is not None and begins > cut:
        raise ConfigError(f"`observed_from` ({begins}) is after the cut ({cut}). Swap them or leave one out.")
    days = round(grace.days)
    spells = engine.create(
        engine.new_name("spells"),
        template(PACKAGE, "subscription_spells").format(
            subscriptions=f"({source})", cut=day_literal(cut), grace=days, months_of_interval=_MONTHS
        ),
    )
    seen = "TRUE" if begins is None else f"max(until) > {day_literal(begins)}"
    start = "started_on" if begins is None else f"greatest(started_on, {day_literal(begins)})"
    name = engine.create(
        engine.new_name("subscriptions"),
        template(PACKAGE, "subscription_summary").format(
            spells=quoted(spells), cut=day_literal(cut), observed=seen,
            whole=whole_periods("started_on", "last_day", unit),
            part=part_of_period("started_on", "last_day", "whole", unit),
            entry_whole=whole_periods("started_on", start, unit),
            entry_part=part_of_period("started_on", start, "entry_whole", unit),
        ),
    )  # fmt: skip
    count, money = engine.row(f"SELECT count(*), count(mrr) FROM {quoted(name)}")
    if not count:
        raise InputError(
            f"No contract of a known customer was paid for up to {cut}. Choose a later day (`calibration_end`), or see "
            "`keepers check` for what was read: trials and contracts that ended on their first day do not count."
        )
    remarks = _remarks(engine, source, cut, begins, unit, spells, name)
    facts = SubscriptionFacts(cut, unit, grace, begins, _currency(engine, source), money > 0, spells, remarks)
    return SubscriptionSummary(engine, name, facts)


def subscription_table(subscriptions: Any) -> Table:
    """The contracts as a table of an engine, a frame being registered with a new one."""
    if isinstance(subscriptions, Table):
        return subscriptions
    return register_frame(Engine(), subscriptions, "subscriptions")


def contract_span(table: Table) -> tuple[dt.date, dt.date]:
    """The first day on which a contract began, and the last on which one began or ended.

    Raises
    ------
    InputError
        Where no contract has a day on which it began.
    """
    first, last = table.engine.row(
        f"SELECT min(started_on), max(greatest(started_on, coalesce(ended_on, started_on))) FROM ({_source(table)})"
    )
    if first is None:
        raise InputError("The table of subscriptions is empty, or none of its rows has a day on which it began.")
    return first, last


def billing_period(table: Table) -> TimeUnit:
    """The period by which most contracts are billed; a month where nothing is known of it.

    Contracts billed by the day are counted in weeks: nobody decides about them every day.
    """
    found = table.engine.rows(
        f"SELECT lower(coalesce(interval, 'month')) AS billed FROM ({_source(table)}) GROUP BY 1 "
        "ORDER BY count(*) DESC, 1 LIMIT 1"
    )
    unit = TimeUnit.parse(found[0][0]) if found and found[0][0] in {one.value for one in TimeUnit} else TimeUnit.MONTH
    return TimeUnit.WEEK if unit is TimeUnit.DAY else unit


def _source(table: Table) -> str:
    """The table with all columns, those that it lacks being empty."""
    own = {name.lower() for name in table.columns}
    missing = [name for name in ("customer_key", "started_on") if name not in own]
    if missing:
        raise InputError(
            f"The table of subscriptions lacks {', '.join(missing)} (it has: {', '.join(table.columns)}). Rename its "
            "columns, or read the export with `keepers.read(...)` and take its table `subscriptions`."
        )
    listed = ", ".join(
        f"CAST({quoted(name) if name in own else 'NULL'} AS {kind}) AS {quoted(name)}" for name, kind in _TYPES.items()
    )
    return f"SELECT {listed} FROM {quoted(table.name)}"


def _cut(engine: Engine, source: str, window: ObservationWindow | None) -> dt.date:
    last = engine.row(f"SELECT max(greatest(started_on, coalesce(ended_on, started_on))) FROM ({source})")[0]
    if last is None:
        raise InputError("The table of subscriptions is empty, or none of its rows has a day on which it began.")
    cut = (window or ObservationWindow()).resolved(last).calibration_end
    assert cut is not None
    return cut


def _currency(engine: Engine, source: str) -> str:
    found = [row[0] for row in engine.rows(f"SELECT DISTINCT currency FROM ({source}) WHERE currency IS NOT NULL")]
    if len(found) > 1:
        raise InputError(
            f"The subscriptions are in several currencies ({', '.join(sorted(found))}). Read them with a table of "
            "rates, or summarise each currency alone."
        )
    return found[0] if found else UNSPECIFIED_CURRENCY


def _remarks(
    engine: Engine, source: str, cut: dt.date, begins: dt.date | None, unit: TimeUnit, spells: str, name: str
) -> tuple[str, ...]:
    day = day_literal(cut)
    nobody, later, known, other, first_end = engine.row(
        f"""SELECT count(*) FILTER (customer_key IS NULL), count(*) FILTER (started_on > {day}),
            count(*) FILTER (customer_key IS NOT NULL AND started_on <= {day}),
            count(*) FILTER (lower(interval) <> '{unit.value}'), min(ended_on)
            FROM ({source})"""
    )
    unpaid = known - engine.row(f"SELECT count(*) FROM {quoted(spells)}")[0]
    remarks = []
    for count, what in (
        (nobody, "without a named customer {was} left out"),
        (later, f"that began after {cut} {{was}} left out"),
        (unpaid, "{was} never paid for: trials, or ended on their first day"),
        (other, f"{{is}} billed by another period than the {unit.value}, so that renewals fall on few of its ends"),
    ):
        if count:
            words = {"was": "was", "is": "is"} if count == 1 else {"was": "were", "is": "are"}
            remarks.append(f"{count:,} contract{'s'[: count != 1]} {what.format(**words)}.")
    if begins is None and first_end is not None:
        older, all_rows = engine.row(
            f"SELECT count(*) FILTER (started_on < {day_literal(first_end)} - 183), count(*) FROM {quoted(name)}"
        )
        if older >= 20 and older > 0.1 * all_rows:
            remarks.append(
                f"Nobody left before {first_end}, though {older:,} contracts began more than half a year earlier. If "
                f'endings were not recorded until then, say observed_from="{first_end}" (--observed-from {first_end}).'
            )
    return tuple(remarks)
