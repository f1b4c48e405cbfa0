"""Subscribers at moments at which they could change their plan: what was known, what they did, what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers.data.engine import quoted, template
from keepers.domain.cells import FloatArray
from keepers.domain.time import TimeUnit
from keepers.models.contractual.contract import ContractModel
from keepers.summaries.calendar_periods import whole_periods
from keepers.summaries.free_plans import stretches_sql
from keepers.summaries.plan_history import MOST_CUSTOMERS
from keepers.summaries.purchases import day_literal
from keepers.valuation.subscription_cells import SubscriptionCells, expected_units
from keepers.valuation.subscription_value import SubscriptionValueFacts, SubscriptionValues

PACKAGE = "keepers.retention.sql"
_DAYS_OF_A_MONTH = 30.4375
_PLANS_TOLD_APART, _LEVELS_TOLD_APART = 8, 6


@dataclass(frozen=True, eq=False)
class PlanRows:
    """Rows of subscribers, at moments of the past with what came of them, or today; arrays of shape (n,).

    Attributes
    ----------
    keys, plan : arrays of str
        Customers, and the plan that brought most before.
    price, age, on_plan : arrays
        What they paid a month before, and whole periods since the contract began, and since they are on the plan.
    known : dict of str to array
        Everything else that was known before, as numbers.
    move : array of str
        ``"stay"``, ``"upgrade"``, ``"downgrade"`` or ``"add-on"``; empty for today.
    target : array of str
        The plan that they moved to.
    arm, chance : arrays
        What an experiment gave them and how likely that was; empty where there is none.
    outcome : array
        Money within the horizon: what was paid, and what is expected after it.
    """

    keys: NDArray[Any]
    plan: NDArray[Any]
    price: FloatArray
    age: FloatArray
    on_plan: FloatArray
    known: dict[str, FloatArray]
    move: NDArray[Any]
    target: NDArray[Any]
    arm: NDArray[Any]
    chance: FloatArray
    outcome: FloatArray

    @property
    def size(self) -> int:
        """Number of rows."""
        return int(self.keys.size)

    def take(self, some: NDArray[Any]) -> PlanRows:
        """Some of the rows."""
        known = {name: column[some] for name, column in self.known.items()}
        return PlanRows(
            self.keys[some], self.plan[some], self.price[some], self.age[some], self.on_plan[some], known,
            self.move[some], self.target[some], self.arm[some], self.chance[some], self.outcome[some],
        )  # fmt: skip

    def matrix(self, names: Sequence[str], levels: Mapping[str, Sequence[str]]) -> tuple[NDArray[Any], FloatArray]:
        """Customers and what is known of them, as models of offers ask for it; see `Features.matrix`."""
        del levels
        rows = np.full((self.size, len(names)), np.nan)
        for place, name in enumerate(names):
            if name in self.known:
                rows[:, place] = self.known[name]
        return self.keys, rows


class PlanMoments:
    """The moments of a table of values.

    Parameters
    ----------
    values : SubscriptionValues
        With prices.
    ahead : int
        Periods in which what follows is counted; what is expected after them, up to the horizon, is added.
    """

    def __init__(self, values: SubscriptionValues, ahead: int) -> None:
        self.values, self.ahead = values, ahead
        self._facts = values.facts
        self._engine = values.engine

    @property
    def facts(self) -> SubscriptionValueFacts:
        """What the values mean."""
        return self._facts

    @cached_property
    def model(self) -> ContractModel:
        """The model of contracts with one law for everybody: whoever is on which plan has chosen it."""
        return type(self._facts.model)(self._facts.model.prior).fit(self._facts.summary)

    @cached_property
    def contracts(self) -> str:
        """SQL of the contracts of customers whose prices are all known: what others paid, nobody can say."""
        spells = quoted(self._facts.summary.facts.spells)
        unknown = f"SELECT customer_key FROM {spells} WHERE mrr IS NULL"
        if not self._engine.row(f"SELECT count(*) FROM ({unknown})")[0]:
            return spells
        return f"(SELECT * FROM {spells} ANTI JOIN ({unknown}) AS unknown USING (customer_key))"

    def rows(self) -> tuple[PlanRows, PlanRows]:
        """Moments of the past, and today."""
        unit, spells = self._facts.summary.unit, self.contracts
        cut = day_literal(self._facts.summary.facts.cut)
        customers = self._engine.row(f"SELECT count(DISTINCT customer_key) FROM {spells} AS told")[0]
        moments = self._engine.create(
            self._engine.new_name("moments"),
            "SELECT *, NULL AS arm, NULL AS chance FROM ("
            + template(PACKAGE, "plan_moments").format(
                contract=spells,
                every=max(1, -(-int(customers) // MOST_CUSTOMERS)),
                cut=cut,
                ahead=self.ahead,
                whole_now=whole_periods("start", cut, unit),
                whole_left=whole_periods("start", f"least(until - 1, {cut})", unit),
                whole_begun=whole_periods("eligible.start", "contract.paid_from", unit),
                day=self.shifted("start", "n"),
                next_day=self.shifted("start", "n + 1"),
                last_day=self.shifted("start", f"n + {self.ahead}"),
            )
            + ")",
        )
        found = self.known_at(moments)
        self._engine.drop(moments)
        now = found.move == ""
        return found.take(np.flatnonzero(~now)), found.take(np.flatnonzero(now))

    def known_at(self, moments: str) -> PlanRows:
        """Rows of a table of moments: customer_key, spell, start, n, day, before, after, over, arm, chance."""
        unit, delta = self._facts.summary.unit, self._facts.discount.continuous(TimeUnit.DAY)
        begin = "greatest(date_diff('day', moment.day, contract.paid_from), 0)"
        end = "greatest(date_diff('day', moment.day, least(contract.until, moment.over)), 0)"
        flow = f"greatest({end} - {begin}, 0)"
        if delta > 0:
            flow = f"greatest((exp(-{delta!r} * {begin}) - exp(-{delta!r} * {end})) / {delta!r}, 0)"
        held_before = "contract.paid_from <= moment.before AND contract.until > moment.before"
        held_last = "contract.paid_from <= moment.over AND contract.until > moment.over"
        begun = f"max(contract.begun) FILTER ({held_last})"
        left = "max(contract.until) FILTER (contract.until <= moment.over)"
        contract = (
            f"(SELECT *, min(paid_from) OVER (PARTITION BY customer_key, spell) AS begun FROM {self._since_on_plan} AS "
            f"told WHERE customer_key IN (SELECT customer_key FROM {quoted(moments)}))"
        )
        columns = self._engine.columns(
            template(PACKAGE, "plan_rows").format(
                moments=quoted(moments),
                contract=contract,
                held_before=held_before,
                held_after="contract.paid_from <= moment.after AND contract.until > moment.after",
                held_last=held_last,
                changed="contract.spell = moment.spell AND contract.ended_before = contract.paid_from "
                "AND contract.paid_from <= moment.before",
                flow=flow,
                on_plan=self._on_it(held_before, "coalesce(moment.day, moment.before)"),
                on_last=self._on_it(held_last, "moment.over"),
                age_last=whole_periods(begun, "any_value(moment.over)", unit),
                gone_last=whole_periods(left, "any_value(moment.over)", unit),
            )
        )
        return self._made(columns)

    @cached_property
    def _since_on_plan(self) -> str:
        """SQL of contracts with `on_from`: since when, without a move between, customers are on the plan; which matters
        of those that cost nothing."""
        states = self._facts.states
        free = tuple(states.plans[place] for place in states.free)
        if not free:
            return f"(SELECT *, paid_from AS on_from FROM {self.contracts} AS told)"
        return (
            f"(SELECT told.*, coalesce(stretch.started_on, told.paid_from) AS on_from FROM {self.contracts} AS told "
            f"LEFT JOIN ({stretches_sql(self._facts.summary, free)}) AS stretch "
            "ON stretch.customer_key = told.customer_key AND stretch.spell = told.spell AND stretch.plan = told.plan "
            "AND told.paid_from >= stretch.started_on "
            "AND (stretch.moved_on IS NULL OR told.paid_from < stretch.moved_on))"
        )

    def _on_it(self, held: str, day: str) -> str:
        """SQL of the whole periods on a day since customers are on the plan that brings most."""
        since = f"arg_max(contract.on_from, contract.mrr) FILTER ({held})"
        return whole_periods(since, f"any_value({day})", self._unit)

    def shifted(self, start: str, periods: str) -> str:
        """SQL of a day so many periods after another."""
        unit = self._facts.summary.unit.value
        return f"CAST({start} + to_{unit}s(CAST({periods} AS INTEGER)) AS DATE)"

    def expected(self, plan: NDArray[Any], price: FloatArray, age: FloatArray, on_plan: FloatArray) -> FloatArray:
        """Money within the horizon of contracts that run, have just been renewed, and are so old, of which so long on
        the plan."""
        cells = self._cells(plan, np.zeros(plan.size, dtype=bool), age, on_plan, np.zeros(plan.size))
        units = self._units(cells, self._facts.horizon.in_unit(self._unit))
        return np.asarray(self._worth(plan, price) * self._facts.scale * units)

    def is_free(self, plan: NDArray[Any]) -> NDArray[np.bool_]:
        """Which of some plans cost nothing."""
        states = self._facts.states
        return np.isin(plan.astype(str), [states.plans[place] for place in states.free])

    def _worth(self, plan: NDArray[Any], price: FloatArray) -> FloatArray:
        """Prices that units stand for: of a plan that costs nothing the one that its state is compared with."""
        return np.where(self.is_free(plan) & (price == 0), self._facts.states.free_price, price)

    @property
    def _unit(self) -> TimeUnit:
        return self._facts.summary.unit

    def _made(self, columns: Mapping[str, Any]) -> PlanRows:
        def number(name: str) -> FloatArray:
            return np.asarray(np.ma.filled(np.ma.asarray(columns[name]).astype(np.float64), np.nan))

        def words(name: str) -> NDArray[Any]:
            told = np.ma.filled(np.ma.asarray(columns[name]).astype(object), "")
            return np.array([("" if one is None else str(one)) for one in told], dtype=object)

        plan, price, age = words("plan"), number("price"), number("n")
        after, price_after = words("plan_after"), number("price_after")
        more = number("contracts_after") - number("contracts")
        present = words("day") != ""
        move = np.select(
            [~present, after == "", (more > 0) & (price_after > price), (after == plan) & (more == 0),
             price_after > price, price_after < price],
            ["", "gone", "add-on", "stay", "upgrade", "downgrade"], "stay",
        ).astype(object)  # fmt: skip
        known = {
            "price": price,
            "age": age,
            "days_on_plan": number("days_on_plan"),
            "contracts": number("contracts"),
            "upgrades": number("upgrades"),
            "downgrades": number("downgrades"),
            "spell": number("spell"),
            **self._told_apart("plan", plan, _PLANS_TOLD_APART),
        }
        keys = words("customer_key")
        known |= self._attributes(keys)
        outcome = np.where(present, self._facts.margin.factor * number("paid") / _DAYS_OF_A_MONTH, np.nan)
        outcome[present] += self._rest(number, words)[present]
        target = np.where(move == "add-on", words("newest_after"), after)
        return PlanRows(
            keys, plan, price, age, np.nan_to_num(number("on_plan")), known, move, target, words("arm"),
            number("chance"), np.asarray(outcome),
        )  # fmt: skip

    def _told_apart(self, name: str, column: NDArray[Any], most: int) -> dict[str, FloatArray]:
        levels = sorted(self._facts.states.plans) if name == "plan" else sorted(set(column.tolist()))
        if not 1 < len(levels) <= most:
            return {}
        return {f"{name} {level}": (column == level).astype(np.float64) for level in levels[1:]}

    def _attributes(self, keys: NDArray[Any]) -> dict[str, FloatArray]:
        names = self._facts.summary.facts.attributes
        if not names:
            return {}
        listed = ", ".join(f"min({quoted(name)}) AS {quoted(name)}" for name in names)
        rows = self._engine.columns(
            f"SELECT customer_key, {listed} FROM {quoted(self._facts.summary.name)} GROUP BY 1 ORDER BY 1"
        )
        place = np.searchsorted(rows["customer_key"].astype(str), keys.astype(str))
        found: dict[str, FloatArray] = {}
        for name in names:
            column = rows[name]
            if column.dtype.kind in "fiu":
                found[name] = np.asarray(np.ma.filled(column.astype(np.float64), np.nan))[place]
            else:
                words = np.array([str(one) for one in np.ma.filled(column.astype(object), "")], dtype=object)
                frequent = sorted(set(words.tolist()), key=lambda one: -int((words == one).sum()))[:_LEVELS_TOLD_APART]
                found |= {f"{name} {one}": (words == one).astype(np.float64)[place] for one in frequent[1:]}
        return found

    def _rest(self, number: Any, words: Any) -> FloatArray:
        """What is expected after the time that was seen, up to the horizon, seen from the moment."""
        left = self._facts.horizon.in_unit(self._unit) - self.ahead
        runs = words("plan_last") != ""
        ended = ~runs & (words("plan_left") != "")
        found = np.zeros(runs.size)
        there = np.flatnonzero(runs | ended)
        if left <= 0 or not there.size:
            return found
        plan = np.where(runs, words("plan_last"), words("plan_left"))[there]
        price = np.where(runs, number("price_last"), number("price_left"))[there]
        age = np.where(runs, number("age_last"), 0.0)[there]
        gone = np.where(runs, 0.0, number("gone_last"))[there]
        on_plan = np.where(runs, np.nan_to_num(number("on_last")), 0.0)[there]
        units = self._units(self._cells(plan, ended[there], age, on_plan, gone), left)
        found[there] = (
            self._worth(plan, np.nan_to_num(price))
            * self._facts.scale
            * np.exp(-self._facts.delta * self.ahead)
            * units
        )
        return found

    def _cells(
        self,
        plan: NDArray[Any],
        ended: NDArray[np.bool_],
        age: FloatArray,
        on_plan: FloatArray,
        gone: FloatArray,
    ) -> SubscriptionCells:
        place = {name: index for index, name in enumerate(self._facts.states.plans)}
        where = self._facts.states.state(
            np.array([place[str(one)] for one in plan], dtype=np.int64), np.where(ended, 0, on_plan).astype(np.int64)
        )
        no = np.zeros(plan.size, dtype=bool)
        return SubscriptionCells(where, no, ended, age, np.ones(plan.size), np.nan_to_num(gone).astype(np.int64))

    def _units(self, cells: SubscriptionCells, horizon: float) -> FloatArray:
        """Periods' prices within a horizon; contracts that run and renew have just been paid."""
        key = np.column_stack([cells.plan, cells.ended, cells.age, cells.gone]).astype(np.float64)
        distinct, index = np.unique(key, axis=0, return_inverse=True)
        ended = distinct[:, 1] > 0
        some = SubscriptionCells(
            distinct[:, 0].astype(np.intp), np.zeros(len(distinct), dtype=bool), ended, distinct[:, 2],
            np.ones(len(distinct)), distinct[:, 3].astype(np.int64),
        )  # fmt: skip
        states, delta = self._facts.states, self._facts.delta
        if not self.model.family.DISCRETE:
            units = expected_units(self.model, states, some, delta, horizon)
        else:
            # The period that has just been paid is the first; the last renewal that counts is one before the end.
            paid = expected_units(self.model, states, some, delta, max(horizon - 1.0, 0.0))
            gone = expected_units(self.model, states, some, delta, horizon)
            units = np.where(ended, gone, min(horizon, 1.0) + paid)
        return np.asarray(units[index.ravel()])
