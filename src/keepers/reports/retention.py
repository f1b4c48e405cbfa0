"""The report's parts about keeping customers: warnings, alerts, moves between segments, service, kept promises."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from keepers.domain.time import Horizon
from keepers.reports.figures import MoneyMeaning, PersonName
from keepers.reports.groups import Grouping


@dataclass(frozen=True, slots=True)
class CauseRow:
    """One reason for leaving, over all customers whom it concerns most."""

    name: str
    """As the owner reads it: "falling engagement"."""
    meaning: str
    """What counts as it."""
    customers: int
    """Customers of whom it is the heaviest reason."""
    expected_loss: float | None = None
    """What this reason adds to the expected loss of all customers."""


@dataclass(frozen=True, slots=True)
class WarnedRow:
    """One customer who may be leaving."""

    name: PersonName
    """Name, e-mail or key by which the owner finds them."""
    reason: str
    """Why, in a sentence."""
    risk: float
    """Chance of leaving within the horizon."""
    usual: float
    """What it would be were nothing the matter."""
    at_stake: float | None = None
    """What they would bring were they to stay."""
    expected_loss: float | None = None
    """The risk above usual, in money."""
    parts: tuple[tuple[str, float], ...] = ()
    """Reasons and their shares of the risk above usual, the heaviest first."""
    customer_key: str | None = None
    """By which the dashboard finds their page; None where they have none."""


@dataclass(frozen=True, slots=True)
class RankRow:
    """How a way to rank customers did on the past."""

    name: str
    """The way."""
    chosen: bool
    """Whether it is the warnings' own."""
    precision: float
    """Share of its top tenth who left."""
    auc: float
    """Chance that somebody who left ranks above somebody who stayed."""


@dataclass(frozen=True, slots=True)
class WarningTest:
    """How the warnings would have done one horizon ago."""

    customers: int
    """Customers who were judged."""
    base_rate: float
    """Share of them who left."""
    rows: tuple[RankRow, ...]
    """The warnings and other ways to rank."""
    calibration: tuple[tuple[float, float, int], ...]
    """Tenths of the risk: predicted share, share who left, customers."""


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An alert that is open."""

    number: int
    name: PersonName
    action: str
    owner: str
    due: dt.date
    raised: dt.date
    expected_loss: float | None = None
    customer_key: str | None = None
    """By which the dashboard finds their page; None where they have none."""


@dataclass(frozen=True, slots=True)
class Warnings:
    """Who is about to leave, why, and what to do."""

    event: str
    """What leaving is, to follow "chance of": "no order within 90 days"."""
    horizon: Horizon
    """How far the warnings look ahead."""
    customers: int
    """Customers who are looked at: those not lost."""
    warned: int
    """Of them, those whose risk is at least ten points above usual."""
    whose: str
    """"customer" or "subscriber"."""
    causes: tuple[CauseRow, ...]
    """The reasons, the costliest first."""
    rows: tuple[WarnedRow, ...]
    """Customers with the greatest expected loss first; the page shows 15."""
    expected_loss: float | None = None
    """Of everybody together."""
    meaning: MoneyMeaning | None = None
    """The five things; None without money."""
    test: WarningTest | None = None
    """None where the past was too short."""
    alerts: tuple[AlertRow, ...] = ()
    """Open alerts by due day; empty outside a project."""
    remembers: bool = False
    """Whether the run is one of a project."""


@dataclass(frozen=True, slots=True)
class Moves:
    """Who went from which segment to which since an earlier run."""

    division: str
    """"RFM group", "behaviour", "tier"."""
    since: dt.date
    """Day of the earlier run's data."""
    names: tuple[str, ...]
    """Segments from best to worst; those that nobody is in or was in are left out."""
    counts: tuple[tuple[int, ...], ...]
    """Row i, column j: customers who were in segment i and are in j."""
    came: tuple[int, ...]
    """Customers of each segment who were none before."""
    gone: tuple[int, ...]
    """Customers of each segment before who are valued no more."""

    @property
    def before(self) -> tuple[int, ...]:
        """Customers of each segment then."""
        return tuple(sum(row) + lost for row, lost in zip(self.counts, self.gone, strict=True))

    @property
    def now(self) -> tuple[int, ...]:
        """Customers of each segment now."""
        columns = zip(*self.counts, strict=True)
        return tuple(sum(column) + new for column, new in zip(columns, self.came, strict=True))

    @property
    def stayed(self) -> float:
        """Share of those who are there on both days who are in the same segment."""
        both = sum(map(sum, self.counts))
        return sum(self.counts[i][i] for i in range(len(self.names))) / both if both else 1.0


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """A tier's level of service."""

    tier: str
    level: str
    words: str
    customers: int
    value: float | None
    expected_loss: float | None
    cost_each: float | None
    gain: float | None
    affordable: float | None


@dataclass(frozen=True, slots=True)
class ReferrerRow:
    """One customer who brought others."""

    name: PersonName
    own: float
    """Lifetime value of what they will buy."""
    brought: int
    """Customers whom they brought."""
    referred: float
    """Lifetime value of what those will buy."""
    so_far: float
    """What those brought so far, less what the referrals cost."""
    customer_key: str | None = None
    """By which the dashboard finds their page; None where they have none."""


@dataclass(frozen=True, slots=True)
class Referrals:
    """What customers bring by bringing others."""

    referrers: int
    """Customers who brought others."""
    brought: int
    """Customers who were brought."""
    total: float
    """Lifetime value of all customers, every purchase counted once."""
    counted_twice: float
    """What a sum of engagement values would count a second time."""
    incentives: float
    """What the referrals cost."""
    rows: tuple[ReferrerRow, ...]
    """The greatest engagement value first."""
    meaning: MoneyMeaning | None = None
    """The five things for lifetime values."""


@dataclass(frozen=True, slots=True)
class Segments:
    """Customers by behaviour, how they moved, and how they are served."""

    behaviour: Grouping
    """The segments."""
    moves: tuple[Moves, ...] = ()
    """Since an earlier run of the project; empty without one."""
    service: tuple[ServiceRow, ...] = ()
    """Best tier first; empty without money."""
    referrals: Referrals | None = None
    """Who brings others; None where the data name none, or no money."""
    saved: float = 0.10
    """Assumed share of the expected loss that service saves."""


@dataclass(frozen=True, slots=True)
class PromiseRow:
    """One group of customers by what was predicted: what we said, and what came."""

    label: str
    customers: int
    said: float
    got: float


@dataclass(frozen=True, slots=True)
class Promise:
    """Published scores held against what happened since."""

    published: dt.date
    """Last day of the data that they rested on."""
    until: dt.date
    """Day up to which they are judged."""
    whole: bool
    """Whether their horizon is over; otherwise what was said is brought to the time that has passed."""
    model: str
    customers: int
    orders_said: float
    orders_got: int
    value_said: float | None
    value_got: float | None
    inside: float | None
    """Share of customers whose value lay in their 80% interval; None before the horizon is over."""
    left_said: float | None
    """Share of customers who were said not to buy; None before that horizon is over."""
    left_got: float | None
    groups: tuple[PromiseRow, ...] = ()
    meaning: MoneyMeaning | None = None
    """The five things for the money that was said; None without money."""
