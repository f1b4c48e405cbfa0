"""What the rows of a summary mean: its window, its money, and where they come from."""

from __future__ import annotations

from dataclasses import dataclass, field

from keepers.domain.errors import InputError
from keepers.domain.money import UNSPECIFIED_CURRENCY, Margin
from keepers.domain.store_clock import StoreClock
from keepers.domain.time import Horizon, ObservationWindow
from keepers.summaries.purchases import PurchaseSource


@dataclass(frozen=True, slots=True)
class SummaryFacts:
    """What a summary's rows mean."""

    window: ObservationWindow
    """Cut, end and unit, all days filled."""
    has_money: bool = True
    """Whether there are amounts; without them every column of money is empty."""
    currency: str = UNSPECIFIED_CURRENCY
    """Currency of the amounts."""
    margin: Margin = field(default_factory=Margin)
    """The margin that was asked for. One rate is applied when values are computed, so that `monetary_value` is
    revenue here; a margin per order is already in `monetary_value`."""
    source: PurchaseSource | None = None
    """The orders behind the rows; None where a user gave the summary itself."""
    money: str = "amount"
    """SQL of an order's money in `monetary_value`."""
    remarks: tuple[str, ...] = ()
    """What a person should know of how the rows were made."""
    numbered: bool = False
    """Whether rows carry `row_number`, their place in a user's frame."""
    gaps: str | None = None
    """Table of each customer's `log_gaps`, where a user gave them; they are found in the orders otherwise."""
    attributes: tuple[str, ...] = ()
    """Columns of attributes that were joined, which come with `pattern`, a number for each distinct combination."""
    opportunities: bool = False
    """Whether time counts opportunities of the window's unit, all purchases of one being one purchase."""
    gap_levels: bool = False
    """Whether rows carry `gap_level`, by which cells tell customers of unlike rhythm apart."""

    clock: StoreClock | None = None
    """The clock by which models are to read the ages; None is the calendar."""

    def check_gaps(self) -> None:
        """Refuse to look for the times between purchases where neither orders nor a column `log_gaps` are behind.

        Raises
        ------
        InputError
            Saying what to do.
        """
        if self.opportunities:
            raise InputError(
                f"A summary of opportunities knows the {self.window.unit.value}s with a purchase, not the days between "
                "purchases. Models of regular timing need `keepers.summarise(orders, window)`."
            )
        if self.source is None:
            raise InputError(
                "The times between purchases are not known: this summary was made of a frame without a column "
                "`log_gaps` (the sum of the logarithms of each customer's times between purchases). Add it, or "
                "make the summary of orders with `keepers.summarise`."
            )

    @property
    def holdout(self) -> Horizon | None:
        """Length of the holdout, in whole opportunities where time counts these; None without one."""
        length = self.window.holdout
        return Horizon(round(length.length), length.unit) if length is not None and self.opportunities else length
