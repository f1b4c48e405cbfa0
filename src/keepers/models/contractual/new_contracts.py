"""What a model of contracts says of a contract that begins now, whose customer may be like any of the fit's."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any, ClassVar, Self

import numpy as np

from keepers.domain.attributes import Attributes
from keepers.domain.cells import FloatArray
from keepers.domain.contracts import ContractCells
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.money import DEFAULT_DISCOUNT, DiscountRate
from keepers.domain.time import Horizon, TimeUnit, length_of_time
from keepers.models.contractual import questions
from keepers.models.contractual.before_data import BeforeData
from keepers.models.contractual.known import attributes_known, columns_needed
from keepers.models.contractual.mixture import Mixture
from keepers.models.contractual.paces import PACE, check_ahead, pace_of, paces_of
from keepers.models.contractual.questions import Question
from keepers.models.covariates.answers import CustomerMix
from keepers.models.covariates.coded import CodedModel
from keepers.models.covariates.encoding import Shifts, pattern_weights
from keepers.models.frames import frame_of
from keepers.models.intervals import check_level
from keepers.numerics.likelihoods.contract_family import ContractFamily, ContractLaw
from keepers.numerics.likelihoods.contract_pace import Paced
from keepers.summaries.varying import START

_DRAWS, _SEED = 200, 20070101


class NewContracts(BeforeData, CodedModel):
    """The laws behind a fitted model, and the questions about a new contract.

    Each question takes `plan`, whose own fit is then asked where there is one, and with covariates `attributes`: who it
    is, such as ``{"channel": "ads"}``; without them it is one like those of the fit. Where covariates vary in time
    `started_on` among the attributes says when it begins, otherwise at the end of the fit's data.
    """

    family: ClassVar[ContractFamily]
    covariate_shifts: ClassVar[Shifts] = MappingProxyType({"dropout": {PACE: 1.0}})
    varying_processes: ClassVar[tuple[str, ...]] = ("dropout",)
    covariate_example: ClassVar[str] = 'Covariates(dropout=["channel"])'

    unit_: TimeUnit
    plans_: dict[str, Any]
    now_: float = 0.0

    @property
    def moved_symbols(self) -> tuple[str, ...]:
        """The parameters, which stay, and the pace at which risk is run, which covariates move."""
        return (*self.symbols, PACE)

    @property
    def needed_attributes(self) -> tuple[str, ...]:
        """Columns that data must have besides the ages."""
        return columns_needed(self.covariates)

    def survival_new_customer(
        self, ages: FloatArray | Horizon, plan: str | None = None, attributes: Any = None
    ) -> FloatArray:
        """Probability that a contract that begins now runs beyond these ages, in periods; shape of `ages`."""
        at = np.atleast_1d(self._length(ages) if isinstance(ages, Horizon) else np.asarray(ages, dtype=np.float64))
        model, mixture = self._mixture(plan, attributes, float(at.max(initial=0.0)))
        return mixture.survival(model._theta().tolist(), at)

    def retention_curve(
        self, periods: int, plan: str | None = None, level: float = 80.0, attributes: Any = None
    ) -> dict[str, FloatArray]:
        """Survival and renewal of a contract that begins now, period by period, with intervals.

        Returns
        -------
        dict of arrays, shape (periods + 1,)
            `age`, `survival` and `renewal_probability` (of the period that ends at the age; 1 at age 0), each of the
            latter two with `_low` and `_high`.
        """
        if periods < 1:
            raise ConfigError(f"`periods` is {periods}; ask for one or more.")
        check_level(level)
        age = np.arange(int(periods) + 1, dtype=np.float64)
        model, mixture = self._mixture(plan, attributes, float(periods))
        exact, drawn = model._theta().tolist(), model._posterior_columns(_DRAWS)
        found: dict[str, FloatArray] = {"age": age}
        for name, of in (("survival", mixture.survival), ("renewal_probability", mixture.renewal)):
            ends = np.quantile(of(drawn, age), [0.5 - level / 200.0, 0.5 + level / 200.0], axis=0)
            low, high = (np.broadcast_to(end, age.shape) for end in ends)
            found |= {name: of(exact, age), f"{name}_low": low, f"{name}_high": high}
        return found

    def expected_tenure_new_customer(
        self, cap: Horizon | None = None, plan: str | None = None, attributes: Any = None
    ) -> float:
        """Expected periods that a contract lasts that begins now; without a cap it may be infinite."""
        return self._new(questions.residual(None if cap is None else self._length(cap)), plan, attributes)

    def median_tenure_new_customer(self, plan: str | None = None, attributes: Any = None) -> float:
        """Periods after which a contract that begins now is as likely to have ended as not."""
        model, mixture = self._mixture(plan, attributes, 0.0)
        return mixture.median(model._theta().tolist())

    def discounted_expected_tenure_new_customer(
        self,
        horizon: Horizon | None = None,
        discount: DiscountRate = DEFAULT_DISCOUNT,
        plan: str | None = None,
        attributes: Any = None,
    ) -> float:
        """Discounted expected periods of a contract that begins now; in discrete models the first, paid now, counts.

        Without end it is the discounted expected lifetime (DEL) of Fader and Hardie (2010).
        """
        length = None if horizon is None else self._length(horizon)
        return self._new(questions.discounted_new(discount.continuous(self.unit_), length), plan, attributes)

    def sample(
        self,
        customers: int,
        rng: np.random.Generator,
        observed: Horizon,
        plan: str | None = None,
        attributes: Any = None,
    ) -> ContractCells:
        """Draw contracts that begin now and are observed for a time, one row a contract, parameters as estimated."""
        if customers < 1:
            raise ConfigError(f"`customers` is {customers}; draw one or more.")
        length = self._length(observed)
        length = float(np.floor(length + 1e-9)) if self.family.DISCRETE else length
        model = self._of_plan(plan)
        theta, start, pattern, who = model._theta().tolist(), np.zeros(customers), None, None
        if model.coding_ is None:
            tenure = self._drawn(model.family, theta, start, rng)
        else:
            who, share = model._who(attributes)
            pattern = rng.choice(share.size, size=customers, p=share)
            law, tenure = model._law(who, np.zeros(who.size), length), np.zeros(customers)
            for one in np.unique(pattern):
                rows = np.flatnonzero(pattern == one)
                tenure[rows] = self._drawn(law(int(one)), theta, start[rows], rng)
        ended = (tenure <= length).astype(float)
        seen = np.minimum(tenure, length)
        return ContractCells(start, seen, ended, np.ones(customers), self.unit_, None, pattern, who)

    def _new(self, question: Question, plan: str | None, attributes: Any) -> float:
        model, mixture = self._mixture(plan, attributes, question.reach)
        return mixture.mean(question, model._theta().tolist())

    def _mixture(self, plan: str | None, attributes: Any, reach: float) -> tuple[NewContracts, Mixture]:
        """The fit that answers, and the laws of who may come with their shares."""
        model = self._of_plan(plan)
        if model.coding_ is None:
            return model, Mixture(np.ones(1), (model.family,))
        who, share = model._who(attributes)
        law = model._law(who, np.zeros(who.size), reach)
        return model, Mixture(share, tuple(law(place) for place in range(share.size)))

    def _who(self, attributes: Any) -> tuple[Attributes, FloatArray]:
        """Patterns of who may come, with their shares."""
        if attributes is None:
            assert self.mix_ is not None
            return self.mix_.attributes, self.mix_.share
        frame = attributes if isinstance(attributes, dict) else frame_of(attributes)
        names = list(frame) if isinstance(frame, dict) else frame.columns
        columns = {
            str(name): np.atleast_1d(frame[name] if isinstance(frame, dict) else frame[name].to_numpy())
            for name in names
        }
        who, pattern = attributes_known(self.covariates, columns, self.now_)
        assert who is not None
        assert pattern is not None
        return who, np.bincount(pattern, minlength=who.size) / pattern.size

    def _law(self, attributes: Attributes, ages: FloatArray, reach: float) -> Callable[[int], ContractLaw]:
        """The law of each pattern, whose contracts are at most so old and are asked of so many periods ahead."""
        if self.coding_ is None:
            return lambda _: self.family
        check_ahead(self.coding_, attributes, ages + reach, self.unit_)
        paces = paces_of(self.coding_, attributes, self.unit_, self.family.DISCRETE)
        return lambda pattern: Paced(self.family, pace_of(paces, pattern))

    def _drawn(self, law: ContractLaw, theta: Any, age: FloatArray, rng: np.random.Generator) -> FloatArray:
        draw = law.rates(theta, age, rng)
        tenure = law.residual(theta, age, draw, rng.standard_exponential(age.shape))
        return np.maximum(np.ceil(tenure), age + 1.0) if law.DISCRETE else tenure

    def _learn(self, cells: ContractCells) -> None:
        """Learn from contracts how columns become numbers, and who their customers are."""
        self.coding_ = self.mix_ = None
        if self.covariates is None:
            return
        attributes, pattern = cells.attributes, cells.pattern
        assert attributes is not None
        assert pattern is not None
        self._learn_patterns(attributes, pattern, cells.weight)
        if self.covariates.varying is None:
            return
        # Of those yet to come columns and paths matter, and not when the contracts of the fit began.
        latest = attributes.columns[START][pattern] + cells.tenure * cells.unit.days
        self.now_ = float(np.floor(latest.max()))
        kept = {name: column for name, column in attributes.columns.items() if name != START}
        who, which = Attributes.of_rows(kept)
        weight = pattern_weights(which[pattern], cells.weight, who.size)
        mix = CustomerMix.of(who, weight)
        now = np.full(mix.share.size, self.now_)
        self.mix_ = CustomerMix(Attributes({**mix.attributes.columns, START: now}), mix.share)

    def fit_of(self, plan: str) -> Self:
        """The fit that answers for a plan: its own where it has one that can be used, the common one otherwise."""
        self._theta()
        own: Self = self.plans_.get(plan, self)
        return own if own.outcome_.usable else self

    def _of_plan(self, plan: str | None) -> Self:
        if plan is None:
            self._theta()
            return self
        if plan not in self.plans_:
            known = ", ".join(self.plans_) or 'none: fit(data, by="plan")'
            raise InputError(f"There is no fit of the plan {plan!r}. Plans that have one: {known}.")
        return self.fit_of(plan)

    def _posterior_columns(self, draws: int) -> list[FloatArray]:
        self._theta()
        drawn = self.posterior_.draws(draws, np.random.default_rng(_SEED))
        return [np.ascontiguousarray(column)[:, None] for column in drawn.T]

    def _length(self, horizon: Horizon) -> float:
        length_of_time(horizon, "months(12)")
        self._check_fitted()
        return horizon.in_unit(self.unit_)
