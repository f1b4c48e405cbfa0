"""A realistic report: a small shop simulated with known customers, told as `ReportContent`."""

from __future__ import annotations

import datetime as dt
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from keepers.domain.money import MoneyBasis, annual_rate
from keepers.domain.time import TimeUnit, months
from keepers.evaluation.verdict import Trust
from keepers.reports.content import (
    Activity,
    AtRisk,
    Equity,
    Lever,
    LeverKind,
    Levers,
    OutputFile,
    ReportContent,
    RiskCustomer,
    RiskGroup,
    RiskReason,
    Store,
    Verdict,
)
from keepers.reports.evidence import (
    Calibration,
    CalibrationGroup,
    Tracking,
    TrackingPoint,
)
from keepers.reports.figures import Estimate, MoneyMeaning, Span
from keepers.reports.groups import (
    AliveMap,
    Breakdown,
    BreakdownRow,
    CohortMeasure,
    CohortRow,
    CohortTriangle,
    Dimension,
    Group,
    Grouping,
)
from keepers.reports.season import BusyMonths
from unit.reports.acquisition_example import CHANNELS as WON
from unit.reports.evidence_example import AHEAD, LIFETIME, PAST, backtest, formulas, models, reconciliation
from unit.reports.retention_example import promises, segments, warnings
from unit.reports.simulated_shop import (
    CUSTOMERS,
    DAYS,
    FIRST_DAY,
    MONTHS,
    YEAR,
    Array,
    Shop,
    date_of,
    month_of,
    month_start,
    shop,
)

PRODUCTS = (
    "Sourdough starter kit", "Rye flour, 5 kg", "Linen bread bag", "Proofing basket, oval", "Dough scraper",
    "Cast iron pan with lid, 28 cm, pre-seasoned", "Danish whisk", "Spelt flour, 2.5 kg", "Baking stone",
    "Gift voucher", "Semolina, 1 kg", "Lame with five blades", "Kneading mat", "Oven thermometer", "Seed mix",
    "Bread knife, left-handed",
)  # fmt: skip
COUNTRIES = ("Germany", "Austria", "Netherlands", "France", "Denmark", "")
CHANNELS = ("Organic search", "Newsletter", "Instagram", "Google Ads", "Referral", "")
NAMES = (
    "Ada", "Björn", "Chiara", "Dmitri", "Élodie", "Femke", "Gülay", "Hanna", "Ines", "Jørgen", "Katarzyna", "Lea",
    "Mateo", "Noor", "Øystein", "Pia", "Quentin", "Rosa", "Sören", "Tove", "Ulla", "Vera", "Willem", "Zoë",
)  # fmt: skip
SURNAMES = ("Albers", "Brandt", "Čapek", "Dubois", "Eriksen", "Fischer", "García", "Hofer", "Ivanova", "Jansen",
            "Keller", "Lindqvist", "Müller", "Nowak", "Okafor", "Petit", "van der Heijden", "Weiß")  # fmt: skip


def _interval(value: float, spread: float = 0.05) -> Estimate:
    return Estimate(value, value * (1 - spread), value * (1 + spread * 1.1))


SEASON = BusyMonths(
    (0.8, 0.8, 0.9, 0.9, 0.9, 0.8, 0.7, 0.8, 1.0, 1.2, 1.6, 1.6),
    10,
    (
        "Customers buy fastest in November (1.60 times the mean of the year) and slowest in July (0.70 times). All "
        "values follow the season.",
        "The next three months are 47% busier than three average ones.",
        "Tried on 29 Sep 2025, totals were off by 12.3% with every month alike and by 0.6% with the season.",
    ),
)


@cache
def example_content() -> ReportContent:
    """The whole report with every section."""
    s = shop()
    orders, last, revenue = s.until(DAYS)
    alive = s.alive(DAYS)
    ahead = s.expected(DAYS, YEAR)
    value = ahead * s.spend * 0.954
    total = float(value.sum())
    ranked = np.sort(value)[::-1]
    curve = np.concatenate([[0.0], np.cumsum(ranked) / total])
    points = tuple((i / 20, float(curve[int(CUSTOMERS * i / 20)])) for i in range(21))
    store = Store(
        "Brot & Butter", FIRST_DAY, date_of(DAYS), CUSTOMERS, int(orders.sum()),
        dt.datetime(2025, 7, 2, 9, 30, tzinfo=dt.UTC),
        "0.1.0", "EUR", float(revenue.sum()), PAST,
    )  # fmt: skip
    return ReportContent(
        store=store,
        verdict=Verdict(
            Trust.GOOD, "Pareto/NBD", "each customer goes on buying at the same rate as before", 0.31,
            total_error=-0.042, coverage=0.861, origins=3, holdout=months(6),
            reservations=("The data allow a test over 26 weeks, not over a whole year: seasons are not tested.",),
        ),
        channels=WON,
        activity=Activity(
            months(12), _interval(float(alive.sum()), 0.03), _interval(float(ahead.sum()), 0.05),
            int((orders > 1).sum()),
            _interval(float(s.expected(DAYS, 30.4375).sum()), 0.06),
        ),
        equity=Equity(
            _interval(total, 0.058), AHEAD, float(value.mean()), float(np.median(value)), float(curve[CUSTOMERS // 10]),
            lifetime=_interval(total * 2.3, 0.11), lifetime_meaning=LIFETIME, historic=float(revenue.sum()),
            historic_meaning=PAST, concentration=points,
        ),
        at_risk=_at_risk(s, orders, last, revenue, alive, value),
        levers=Levers(
            (
                Lever(LeverKind.RETENTION, 0.01, _interval(total * 0.0121, 0.4)),
                Lever(LeverKind.ORDER_VALUE, 0.05, _interval(total * 0.05, 0.06)),
                Lever(LeverKind.FREQUENCY, 0.05, _interval(total * 0.043, 0.1)),
            ),
            AHEAD, total,
        ),
        tiers=_tiers(value, revenue, alive, ahead),
        rfm=_rfm(orders, last, value, revenue, alive, ahead),
        warnings=(warnings(),),
        segments=segments(),
        promises=promises(),
        breakdowns=_breakdowns(s, orders, value, revenue, ahead),
        cohorts=_cohorts(s),
        season=SEASON,
        alive_map=_alive_map(orders, DAYS - last, alive),
        tracking=_tracking(s),
        calibration=_calibration(s),
        backtest=backtest(),
        formulas=formulas(float(value.mean()), revenue, orders),
        reconciliation=reconciliation(s),
        models=models(),
        notes=("All prices were read as euros with tax included; the files do not say how much of it is tax.",),
        files=(
            OutputFile("customers.csv", "every customer with value, interval and groups, for a spreadsheet"),
            OutputFile("customers.parquet", "the same for programs"),
            OutputFile("summary.json", "all figures of this page for programs"),
        ),
    )  # fmt: skip


def _at_risk(s: Shop, orders: Array, last: Array, revenue: Array, alive: Array, value: Array) -> AtRisk:
    silence = DAYS - last
    gap = np.where(orders > 2, (last - s.first) / np.maximum(orders - 1, 1), np.nan)
    by_model = (orders >= 2) & (alive < 0.5) & (alive > 0.08)
    by_rhythm = (orders >= 3) & (silence > 2 * gap) & (silence < 6 * gap)
    if_active = s.rate / s.churn * -np.expm1(-s.churn * YEAR) * s.spend * 0.954
    lost = if_active - value

    def group(mask: NDArray[np.bool_]) -> RiskGroup:
        return RiskGroup(int(mask.sum()), float(if_active[mask].sum()), float(value[mask].sum()))

    either = by_model | by_rhythm
    best = [int(i) for i in np.argsort(-np.where(either, lost, -1))[:25]]
    people = tuple(
        RiskCustomer(
            f"{NAMES[i % len(NAMES)]} {SURNAMES[i % len(SURNAMES)]}", int(orders[i]), date_of(last[i]), int(silence[i]),
            RiskReason.BOTH if by_model[i] and by_rhythm[i] else RiskReason.MODEL if by_model[i] else RiskReason.RHYTHM,
            float(gap[i]) if orders[i] > 2 else None, float(alive[i]), float(lost[i]), float(revenue[i]),
        )
        for i in best
    )  # fmt: skip
    meaning = MoneyMeaning(MoneyBasis.NET_REVENUE, months(12), "customers at risk", discount=annual_rate(0.10))
    return AtRisk(
        group(either), group(by_model), group(by_rhythm),
        "with repeat orders whose chance of still being a customer is between 8% and 50%",
        "silent for more than twice their own usual time between orders", people, meaning,
    )  # fmt: skip


def _group(
    name: str, rule: str, mask: NDArray[np.bool_], value: Array, past: Array, alive: Array, ahead: Array
) -> Group:
    n = int(mask.sum())
    mean_alive = float(alive[mask].mean()) if n else None
    return Group(name, rule, n, float(value[mask].sum()), float(past[mask].sum()), mean_alive, float(ahead[mask].sum()))


def _tiers(value: Array, past: Array, alive: Array, ahead: Array) -> Grouping:
    rank = np.argsort(np.argsort(-value)) / CUSTOMERS
    bands = (("Platinum", 0, 0.05), ("Gold", 0.05, 0.20), ("Silver", 0.20, 0.50), ("Bronze", 0.50, 1.01))
    rows = tuple(
        _group(name, f"top {low:.0%} to {min(high, 1):.0%} by predicted value", (rank >= low) & (rank < high), value,
               past, alive, ahead)
        for name, low, high in bands
    )  # fmt: skip
    return Grouping(rows, "Customers are ranked by predicted value for the next 12 months.", AHEAD, PAST)


def _rfm(orders: Array, last: Array, value: Array, past: Array, alive: Array, ahead: Array) -> Grouping:
    r = np.searchsorted(np.quantile(last, [0.2, 0.4, 0.6, 0.8]), last, side="right") + 1
    f = 1 + (orders > 1) + (orders > 2) + (orders > 4) + (orders > 8)
    m = np.searchsorted(np.quantile(past, [0.2, 0.4, 0.6, 0.8]), past, side="right") + 1
    fm = (f + m) / 2
    rules = (
        ("Champions", "recent, and among the most frequent and highest spending", (r == 5) & (fm >= 4)),
        ("Loyal", "buy often, and not long ago", (r >= 3) & (r <= 4) & (fm >= 4)),
        ("Active", "recent, with middling orders and spend", (r >= 4) & (fm >= 2) & (fm < 4)),
        ("New", "recent first orders", (r == 5) & (fm < 2)),
        ("Promising", "fairly recent, still few orders", (r == 4) & (fm < 2)),
        ("Needs attention", "were active, not recently", (r == 3) & (fm >= 2) & (fm < 4)),
        ("At risk", "bought well, silent for long", (r <= 2) & (fm >= 3)),
        ("Almost lost", "few orders, silent for long", ((r == 3) & (fm < 2)) | ((r == 2) & (fm < 3))),
        ("Dormant", "few orders, silent the longest", (r == 1) & (fm < 3)),
    )
    rows = tuple(_group(name, rule, mask, value, past, alive, ahead) for name, rule, mask in rules)
    return Grouping(rows, "Scores from 1 to 5 for recency (R), frequency (F) and money (M); FM is the mean of F and M.",
                    AHEAD, PAST)  # fmt: skip


def _breakdowns(s: Shop, orders: Array, value: Array, past: Array, ahead: Array) -> tuple[Breakdown, ...]:
    rng = np.random.default_rng(5)
    month = month_of(s.first)

    def rows(codes: NDArray[np.int64], labels: tuple[str, ...], dated: bool = False) -> tuple[BreakdownRow, ...]:
        out = []
        for code, label in enumerate(labels):
            mask = codes == code
            out.append(
                BreakdownRow(
                    label, int(mask.sum()), float(value[mask].sum()), float(past[mask].sum()),
                    int((mask & (orders > 1)).sum()), float(ahead[mask].sum()), month_start(code) if dated else None,
                )
            )  # fmt: skip
        return tuple(out)

    lean = np.clip(np.log(value + 1) / 6, 0, 0.99)
    product = ((rng.beta(1.1, 2.4, CUSTOMERS) * 0.8 + 0.2 * (1 - lean)) * len(PRODUCTS)).astype(int)
    country = rng.choice(6, CUSTOMERS, p=[0.58, 0.14, 0.12, 0.08, 0.05, 0.03])
    channel = np.where(value > np.median(value), rng.choice(6, CUSTOMERS, p=[0.36, 0.22, 0.12, 0.12, 0.13, 0.05]),
                       rng.choice(6, CUSTOMERS, p=[0.25, 0.08, 0.3, 0.27, 0.05, 0.05]))  # fmt: skip
    return (
        Breakdown(Dimension.ACQUISITION_MONTH, rows(month, tuple("" for _ in range(MONTHS)), dated=True), AHEAD),
        Breakdown(Dimension.PRODUCT, rows(product, PRODUCTS), AHEAD),
        Breakdown(Dimension.COUNTRY, rows(country, COUNTRIES), AHEAD),
        Breakdown(Dimension.CHANNEL, rows(channel, CHANNELS), AHEAD),
    )


def _cohorts(s: Shop) -> tuple[CohortTriangle, ...]:
    cohort = month_of(s.first)
    age = ((s.day - s.first[s.customer]) // 30.4375).astype(int).clip(0, MONTHS - 1)
    share, cash, number = [], [], []
    for c in range(MONTHS):
        members = cohort == c
        n = int(members.sum())
        mature = MONTHS - c
        mine = members[s.customer]
        active = [len(np.unique(s.customer[mine & (age == a)])) / n for a in range(mature)]
        money = np.cumsum([s.amount[mine & (age == a)].sum() / n for a in range(mature)])
        count = np.cumsum([(mine & (age == a)).sum() / n for a in range(mature)])
        future = range(mature, min(mature + 12, MONTHS))
        ahead = [s.expected(DAYS, (a - mature + 1) * 30.4375)[members] for a in future]
        blank = [None] * (MONTHS - mature)
        tail = [None] * (MONTHS - mature - len(ahead))
        share.append(CohortRow(month_start(c), n, (*active, *blank)))
        cash.append(
            CohortRow(
                month_start(c),
                n,
                (*map(float, money), *blank),
                (*[None] * mature, *[float(money[-1] + (e * s.spend[members]).sum() / n) for e in ahead], *tail),
            )
        )
        number.append(CohortRow(month_start(c), n, (*map(float, count), *blank), (
            *[None] * mature, *[float(count[-1] + e.sum() / n) for e in ahead], *tail)))  # fmt: skip
    meaning = MoneyMeaning(MoneyBasis.NET_REVENUE, Span.PAST, "each month's new customers")
    return (
        CohortTriangle(CohortMeasure.CUMULATIVE_VALUE, tuple(cash), meaning),
        CohortTriangle(CohortMeasure.ACTIVE_SHARE, tuple(share)),
    )


def _alive_map(orders: Array, silence: Array, alive: Array) -> AliveMap:
    cuts = [0, 1, 2, 3, 5, 9, 1e9]
    days = [-1, 29, 59, 89, 179, 269, 364, 1e9]
    labels = (
        "under 30 days",
        "30–59 days",
        "60–89 days",
        "90–179 days",
        "180–269 days",
        "270–364 days",
        "a year or more",
    )
    p, n = [], []
    for low, high in pairwise(cuts):
        masks = [(orders > low) & (orders <= high) & (silence > a) & (silence <= b) for a, b in pairwise(days)]
        n.append(tuple(int(m.sum()) for m in masks))
        p.append(tuple(float(alive[m].mean()) if m.any() else None for m in masks))
    return AliveMap(("1", "2", "3", "4–5", "6–9", "10 or more"), labels, tuple(p), tuple(n))


def _tracking(s: Shop) -> Tracking:
    cut = 549
    rng = np.random.default_rng(3)
    fits = s.first <= cut
    points = []
    for week in range(1, DAYS // 7 + 1):
        end = week * 7
        mine = (s.day > end - 7) & (s.day <= end) & fits[s.customer] & (s.day > s.first[s.customer])
        known = fits & (s.first < end)
        span = np.clip(end - s.first, 0, 7)
        if end - 7 >= cut:
            expected = float((s.expected(cut, end - cut) - s.expected(cut, max(end - 7 - cut, 0)))[fits].sum())
        else:
            expected = float((s.rate * np.exp(-s.churn * np.clip(end - s.first, 0, None)) * span)[known].sum())
        points.append(TrackingPoint(date_of(end), float(mine.sum()), expected * (1 + 0.01 * rng.standard_normal())))
    return Tracking(TimeUnit.WEEK, tuple(points), date_of(cut), "Pareto/NBD")


def _calibration(s: Shop) -> Calibration:
    cut = 549
    fits = np.flatnonzero(s.first <= cut)
    predicted = s.expected(cut, DAYS - cut)[fits]
    actual = (s.until(DAYS)[0] - s.until(cut)[0])[fits]
    groups = tuple(
        CalibrationGroup(part.size, float(predicted[part].mean()), float(actual[part].mean()))
        for part in np.array_split(np.argsort(predicted), 10)
    )
    return Calibration(groups, months(6))
