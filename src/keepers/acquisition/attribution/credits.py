"""What methods of attribution credit channels with: customers and their value, with intervals and evidence."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.domain.decision import EvidenceGrade
from keepers.domain.money import MoneyBasis

NO_CONTACT = "no contact"
"""What the row is called that holds what no channel is credited with."""

METHODS = ("last", "first", "linear", "position", "decay", "shapley", "markov", "incremental")
"""Methods, in the order in which they are shown."""

ENDS = (0.1, 0.9)


@dataclass(frozen=True, slots=True)
class Credit:
    """What one method credits one channel with.

    Parameters
    ----------
    channel : str
        The channel, or `NO_CONTACT` for what would have come without any.
    customers, customers_low, customers_high : float
        Customers, with the 80% interval.
    value, value_low, value_high : float or None
        What they are worth; None without money.
    share : float
        Share of the value (of the customers, without money).
    evidence : EvidenceGrade
        How it is known.
    lost, lost_value : float or None
        Of the incremental method: customers, and their value, who would not have come at all without the channel.
    """

    channel: str
    customers: float
    customers_low: float
    customers_high: float
    value: float | None
    value_low: float | None
    value_high: float | None
    share: float
    evidence: EvidenceGrade
    lost: float | None = None
    lost_value: float | None = None

    @property
    def is_experimental(self) -> bool:
        """Whether an experiment has set it right."""
        return self.evidence is EvidenceGrade.EXPERIMENTAL


@dataclass(frozen=True, slots=True)
class Method:
    """One method's credits, adding up to all customers and all value."""

    name: str
    credits: tuple[Credit, ...]

    def of(self, channel: str) -> Credit:
        """The credit of a channel."""
        return next(one for one in self.credits if one.channel == channel)


@dataclass(frozen=True, eq=False)
class Attribution:
    """All methods side by side, over the same customers.

    Attributes
    ----------
    methods : tuple of Method
        In the order of `METHODS`, as far as the data allow them.
    channels : tuple of str
        Channels, those first that caused most; then `NO_CONTACT`.
    customers, unled : int
        Customers of the time that is looked at, and those of them whom no contact led to.
    lost, unresolved, later, unseen : int
        Ways without an order, ways that may still end in one, contacts after the first order, and customers who came
        before or after the time that is looked at.
    since, until, end : date or None
        Ways begun from `since` to `until` count, and what became of them up to `end`; None of a table of paths.
    look_back : int or None
        Days that a contact counts.
    order : int
        Contacts that the Markov chain remembers.
    half_life : float or None
        Days in which the effect of a contact fades by half.
    currency : str or None
        Of values; None without money.
    basis : MoneyBasis
        What the money is.
    total : float or None
        What all these customers are worth: what they have brought and will bring within the horizon.
    notes : tuple of str
        What a person should know.
    """

    methods: tuple[Method, ...]
    channels: tuple[str, ...]
    customers: int
    unled: int
    lost: int
    unresolved: int = 0
    later: int = 0
    unseen: int = 0
    since: dt.date | None = None
    until: dt.date | None = None
    end: dt.date | None = None
    look_back: int | None = None
    order: int = 1
    half_life: float | None = None
    currency: str | None = None
    basis: MoneyBasis = MoneyBasis.NET_REVENUE
    total: float | None = None
    notes: tuple[str, ...] = ()

    def method(self, name: str) -> Method:
        """A method by name.

        Raises
        ------
        KeyError
            The data did not allow it, or there is none of this name.
        """
        for one in self.methods:
            if one.name == name:
                return one
        raise KeyError(f"There is no method {name!r}. There are: {', '.join(one.name for one in self.methods)}.")

    def columns(self) -> dict[str, list[Any]]:
        """One row a method and channel, as columns."""
        rows = [(method.name, one) for method in self.methods for one in method.credits]
        return {
            "method": [name for name, _ in rows],
            "channel": [one.channel for _, one in rows],
            "customers": [one.customers for _, one in rows],
            "customers_low": [one.customers_low for _, one in rows],
            "customers_high": [one.customers_high for _, one in rows],
            "value": [one.value for _, one in rows],
            "value_low": [one.value_low for _, one in rows],
            "value_high": [one.value_high for _, one in rows],
            "share": [one.share for _, one in rows],
            "lost_customers": [one.lost for _, one in rows],
            "lost_value": [one.lost_value for _, one in rows],
            "evidence": [one.evidence.value for _, one in rows],
        }


def method_of(
    name: str,
    channels: tuple[str, ...],
    customers: tuple[FloatArray, FloatArray, FloatArray],
    value: tuple[FloatArray, FloatArray, FloatArray] | None,
    evidence: EvidenceGrade | tuple[EvidenceGrade, ...],
    lost: tuple[FloatArray, FloatArray | None] | None = None,
) -> Method:
    """Credits from arrays over channels, the last entry being what no channel is credited with.

    `customers` and `value` are the estimate and the lower and upper ends, each of shape (channels + 1,).
    """
    grades = evidence if isinstance(evidence, tuple) else (evidence,) * (len(channels) + 1)
    whole = float((customers if value is None else value)[0].sum())
    credits = []
    for place, channel in enumerate((*channels, NO_CONTACT)):
        money = (None, None, None) if value is None else [float(part[place]) for part in value]
        of = float((customers if value is None else value)[0][place])
        without = lost is not None and place < len(channels)
        counts = [float(part[place]) for part in customers]
        credits.append(
            Credit(
                channel, counts[0], counts[1], counts[2], money[0], money[1], money[2], of / whole if whole else 0.0,
                grades[place], float(lost[0][place]) if without and lost is not None else None,
                float(lost[1][place]) if without and lost is not None and lost[1] is not None else None,
            )
        )  # fmt: skip
    return Method(name, tuple(credits))


def ends(draws: FloatArray, estimate: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The estimate with the ends of its 80% interval from draws, shape (draws, k)."""
    if not len(draws):
        return estimate, estimate, estimate
    low, high = np.quantile(draws, ENDS, axis=0)
    return estimate, np.minimum(low, estimate), np.maximum(high, estimate)
