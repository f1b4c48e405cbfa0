"""The parts of the report that show why it can be believed: tracking, calibration, backtest, formulas, data."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import Enum

from keepers.domain.time import Horizon, TimeUnit
from keepers.reports.figures import MoneyMeaning


@dataclass(frozen=True, slots=True)
class TrackingPoint:
    """One period of the tracking chart; neither figure is cumulative."""

    day: dt.date
    """Last day of the period."""
    actual: float | None
    """Repeat purchases that happened in it; None after the data end."""
    predicted: float | None
    """Repeat purchases that the model expects in it, fitted on the calibration alone."""


@dataclass(frozen=True, slots=True)
class Tracking:
    """Predicted and actual repeat purchases over time, for customers won up to `calibration_end`."""

    unit: TimeUnit
    """Length of a period, mostly a week."""
    points: tuple[TrackingPoint, ...]
    """Periods in order of time."""
    calibration_end: dt.date
    """Last day that the model saw; what comes after is a test."""
    model: str
    """Name of the model that predicts."""
    seasonal: bool = False
    """Whether it knows which months are busy."""


@dataclass(frozen=True, slots=True)
class CalibrationGroup:
    """One tenth (or less, where histories tie) of the customers, ranked by what was predicted for them."""

    customers: int
    """Customers in the group."""
    predicted: float
    """Mean of predicted purchases a customer in the holdout."""
    actual: float
    """Mean of purchases a customer that happened in the holdout."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Predicted against actual by decile of the prediction, on days the model had not seen."""

    groups: tuple[CalibrationGroup, ...]
    """Groups from the lowest prediction to the highest; mostly ten."""
    holdout: Horizon
    """Length of the time that was predicted."""


@dataclass(frozen=True, slots=True)
class BacktestRow:
    """One model or naive rule, averaged over the origins of the backtest."""

    name: str
    """Name as the owner reads it: "Pareto/NBD", "same rate as before"."""
    baseline: bool
    """Whether it is a naive rule."""
    chosen: bool
    """Whether the report's values come from it."""
    mae: float
    """Mean absolute error, in purchases a customer."""
    rmse: float | None = None
    """Root mean square error, in purchases a customer."""
    total_error: float | None = None
    """Signed error of the total: predicted / actual - 1."""
    gini: float | None = None
    """Normalised Gini: 1 is a perfect ranking of customers, 0 a random one."""
    coverage: float | None = None
    """Share of customers whose actual purchases fell inside the 80% interval."""
    top_capture: float | None = None
    """Share of what the true best 10% bought that the predicted best 10% bought."""
    score: float | None = None
    """The error by which candidates are ranked, where it is not `mae`; smaller is better."""


@dataclass(frozen=True, slots=True)
class Backtest:
    """How every candidate did on days it had not seen."""

    rows: tuple[BacktestRow, ...]
    """Candidates, best first."""
    origins: tuple[dt.date, ...]
    """Last days of the calibrations from which was predicted."""
    holdout: Horizon
    """Length of the time that was predicted from each origin."""
    score_name: str = "ranked probability score"
    """What `BacktestRow.score` is called by statisticians."""


class FormulaUnit(Enum):
    """How an input or a result of a formula is written."""

    MONEY = "money"
    SHARE = "share"
    NUMBER = "number"
    YEARS = "years"


@dataclass(frozen=True, slots=True)
class FormulaInput:
    """One input of a simple formula."""

    name: str
    """As the formula names it: "average order value"."""
    value: float
    """Its value; 0.35 for 35%."""
    unit: FormulaUnit = FormulaUnit.NUMBER
    """How it is written."""


@dataclass(frozen=True, slots=True)
class Formula:
    """One simple formula that users know by name, with what went into it and what came out."""

    name: str
    """A name such as "Simple CLV", "Margin multiple (Gupta & Lehmann)"."""
    expression: str
    """The formula in words or symbols."""
    inputs: tuple[FormulaInput, ...]
    """What went in."""
    result: float | None
    """Mostly the value of a customer; None where it cannot be computed."""
    meaning: MoneyMeaning | None
    """The five things for this result, if it is money that customers bring."""
    remark: str | None = None
    """Why there is no result, or why it differs from the model's value, in one or two sentences."""
    unit: FormulaUnit = FormulaUnit.MONEY
    """How the result is written."""
    of_a_customer: bool = True
    """Whether the result is the value of one customer, to be compared with the model's."""


@dataclass(frozen=True, slots=True)
class Formulas:
    """Simple formulas beside the model's value of an average customer."""

    rows: tuple[Formula, ...]
    """Formulas in the order in which they are shown."""
    model_value: float
    """The model's mean value of a customer."""
    model_meaning: MoneyMeaning
    """The five things for the model's value."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file that was read."""

    name: str
    """File name without its folder."""
    format: str
    """What it was recognised as: "Shopify orders"."""
    rows_read: int
    """Data rows in the file."""
    rows_loaded: int
    """Rows that became orders, lines, customers or other records."""
    rows_set_aside: int
    """Rows in quarantine."""
    confidence: float | None = None
    """How sure the recognition is, 0 to 1."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """Rows that were set aside for one reason."""

    reason: str
    """In words a person understands."""
    rows: int
    """How many."""
    amount: float | None = None
    """Money in them, where it is known."""


@dataclass(frozen=True, slots=True)
class AmountLine:
    """One line of the account of where every amount went, from the files' total down to what is valued."""

    label: str
    """In words: "Paid orders", "Refunds", "Orders without a customer"."""
    rows: int | None
    """Orders or rows in it."""
    amount: float | None
    """Money in it, negative where it is taken off."""
    total: bool = False
    """Whether the line is a sum of the lines above it."""


@dataclass(frozen=True, slots=True)
class MonthTotal:
    """What one calendar month holds after reading."""

    month: dt.date
    """First day of the month."""
    orders: int
    """Orders counted in it."""
    revenue: float | None = None
    """Their revenue; None without money."""
    refunds: float | None = None
    """Money given back in it, positive."""
    orders_without_customer: int = 0
    """Orders of the month that belong to nobody who can be named."""


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Where every row and every amount went."""

    files: tuple[SourceFile, ...]
    """Files in the order in which they were read."""
    set_aside: tuple[SetAside, ...] = ()
    """Reasons of the quarantine, largest first."""
    account: tuple[AmountLine, ...] = ()
    """From what was read down to what is valued."""
    months: tuple[MonthTotal, ...] = ()
    """Totals by month, in order of time."""
    orders_without_customer_share: float | None = None
    """Share of counted orders that belong to nobody who can be named; they are not valued."""
    revenue_without_customer_share: float | None = None
    """The same share of revenue."""
    remarks: tuple[str, ...] = ()
    """Anything else worth a sentence: "Dates were read as day.month.year"."""
    meaning: MoneyMeaning | None = None
    """The five things for the amounts and for revenue by month; None without money."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One fitted parameter."""

    symbol: str
    """As the papers write it: "r", "alpha"."""
    value: float
    """Its estimate."""
    standard_error: float | None = None
    """Its standard error; None where not identified."""


@dataclass(frozen=True, slots=True)
class FittedModel:
    """A model whose numbers stand in the report."""

    name: str
    """Such as "Pareto/NBD"."""
    role: str
    """What it is for: "purchases", "spend"."""
    outcome: str
    """How the fit ended, one sentence."""
    parameters: tuple[Parameter, ...]
    """Its parameters."""
    log_likelihood: float | None = None
    """At the estimate."""
    customers: int | None = None
    """Customers it was fitted on."""
    unit: TimeUnit | None = None
    """Unit of time of its parameters."""
    prior_share: float | None = None
    """How much of the answer is the prior rather than the data, 0 to 1."""
    remarks: tuple[str, ...] = ()
    """Further sentences: the posterior's diagnostic, a warning."""
