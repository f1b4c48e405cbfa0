"""Models of contracts: one estimator's face over every family of durations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.domain.contracts import ContractCells
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.money import DEFAULT_DISCOUNT, DiscountRate
from keepers.domain.outcome import FitOutcome
from keepers.domain.time import Horizon, TimeUnit
from keepers.models.base import Model, PriorChoice
from keepers.models.contractual import questions
from keepers.models.contractual.before_data import BeforeData
from keepers.models.contractual.contract_rows import ContractRows, columns_given, contract_rows, contracts_to_fit
from keepers.models.contractual.pooling import pooled_prior
from keepers.models.contractual.questions import Question
from keepers.models.evidence import Likelihood, Resampling
from keepers.models.fitting import Problem, fit
from keepers.models.intervals import check_level
from keepers.models.priors import Prior
from keepers.numerics.evaluation import Evaluation
from keepers.numerics.likelihoods.contract_family import (
    ContractFamily,
    ContractTables,
    log_likelihood_sum,
    log_likelihood_sums,
)

_DRAWS, _SEED = 200, 20070101


class ContractModel(BeforeData, Model):
    """A model of how long contracts last, which a family of durations fills in.

    `data` is one of

    - a summary of subscriptions (`keepers.summarise_subscriptions`),
    - a frame of contracts with `tenure`, `ended` and perhaps `entry` (age from which observed), `plan`, `weight`,
    - a frame of survivors with `age`, `survivors` and perhaps `cohort`, to fit to,
    - `ContractCells`.

    Ages are calendar periods. Those of discrete models are whole: a contract that runs at age 3 was renewed three
    times, one that ended at age 3 twice. Cells give NumPy arrays back, a frame comes back as the same library's frame
    with the result as a further column, and a summary as a table of its engine. Contracts that ended are answered
    too: they do not survive and have no tenure left.

    Parameters
    ----------
    prior : "auto", None or Prior
        "auto" uses the model's weak prior (`print(model.weak_prior)`) in full up to 200 contracts that ended, fades it
        until 400, and is exactly maximum likelihood from there on, unless the likelihood has no maximum of its own (the
        outcome says so). None is maximum likelihood always.

    Attributes
    ----------
    unit_ : TimeUnit
        Period of the ages.
    infinite : mapping of str to str
        Answers that may be infinite, by the keys of `keepers.testing.contract_questions`, with the condition in words.
    plans_ : dict of str to model
        The fit of each plan, where `fit(..., by="plan")` was asked for; empty otherwise.
    """

    family: ClassVar[ContractFamily]
    infinite: ClassVar[Mapping[str, str]]
    unit_: TimeUnit
    plans_: dict[str, Any]

    def fit(self, data: Any, unit: TimeUnit | str | None = None, by: str | None = None, pooled: bool = False) -> Self:
        """Fit the model to contracts.

        Parameters
        ----------
        data : summary, frame or ContractCells
            Contracts, or a table of survivors.
        unit : TimeUnit or str, optional
            Period of a frame's ages, required there.
        by : str, optional
            Column that tells plans apart. Each plan then has a fit of its own in `plans_`, and predictions use that
            of the row's `plan`; the model itself is the common fit, which answers for plans that were not seen.
        pooled : bool
            Whether plans learn from each other (empirical Bayes): their log parameters lie around a common centre, as
            closely as all of them say, so that a small plan leans on the others and a large one speaks for itself.

        Returns
        -------
        self

        Raises
        ------
        InputError
            If the histories are impossible or there are none.
        """
        together, plans = contracts_to_fit(data, unit, self.family.DISCRETE, by)
        self._fit_cells(together)
        prior = pooled_prior(self, plans) if pooled and len(plans) > 1 and self.outcome_.usable else self.prior
        self.plans_ = {name: type(self)(prior)._fit_cells(cells) for name, cells in plans.items()}
        return self

    def _fit_cells(self, cells: ContractCells) -> Self:
        discrete, endings = self.family.DISCRETE, cells.endings
        scale = 1.0 if discrete else float(cells.weight @ cells.tenure) / cells.customers or 1.0
        scaled = cells.scaled(scale)
        tables = ContractTables.of(scaled, discrete)
        exposure = float(scaled.weight @ (scaled.tenure - scaled.entry))
        powers = np.array([self.family.TIME_POWERS.get(name, 0) for name in self.symbols], dtype=float)
        chosen, rescue = self._priors(endings)

        def on_scaled(prior: Prior) -> Any:
            return prior.on(self.symbols, (cells.unit.days * scale / prior.unit.days) ** powers)

        def likelihood_of(some: ContractTables) -> Likelihood:
            def likelihood(point: FloatArray, order: int) -> Evaluation:
                return log_likelihood_sum(self.family, np.exp(point).tolist(), some, order)

            return likelihood

        def reweighted(weight: FloatArray) -> Likelihood:
            return likelihood_of(ContractTables.of(replace(scaled, weight=weight), discrete))

        def likelihoods(points: FloatArray) -> FloatArray:
            return log_likelihood_sums(self.family, np.exp(points), tables)

        result = fit(
            Problem(
                parameters=self.symbols,
                likelihood=likelihood_of(tables),
                likelihoods=likelihoods,
                starts=self.family.starts(endings / exposure if exposure > 0 else 0.0),
                rows=tables.size,
                prior=None if chosen is None else on_scaled(chosen),
                rescue=None if rescue is None else on_scaled(rescue),
                without_events=endings == 0,
                resampling=Resampling(scaled.weight, reweighted, None),
            )
        )
        used = chosen if chosen is not None or result.prior is None else rescue
        # A density of the moments of ending: counting time in units `scale` times as long multiplies it by the scale.
        constant = -float(tables.ended_at.sum()) * float(np.log(scale))
        self._adopt(result, powers * np.log(scale), constant, cells.customers, used)
        if self.outcome_ is FitOutcome.NO_REPEAT_PURCHASES:
            self.outcome_ = FitOutcome.NO_ENDINGS
        self.unit_ = cells.unit
        self.plans_ = {}
        return self

    @property
    def remarks_(self) -> tuple[str, ...]:
        """What to know of the fit's answers, in sentences."""
        power = float(self.family.tail(self._theta().tolist()))
        if power > 1:
            return ()
        return (
            f"Survival falls off like age to the power of {-power:.2f}, so that expected tenure without a cap is "
            "infinite: a few contracts last almost for ever. Medians, capped and discounted tenures are finite.",
        )

    def survival(self, data: Any, horizon: Horizon) -> Any:
        """Probability that each contract still runs after the horizon."""
        return self._answer(data, questions.survival(self._length(horizon)))

    def churn_probability(self, data: Any, horizon: Horizon) -> Any:
        """Probability that each contract ends within the horizon; 1 for those that ended."""
        return self._answer(data, questions.churn(self._length(horizon)))

    def renewal_probability(self, data: Any) -> Any:
        """Probability that each contract outlasts one more period: in discrete models, that it is renewed next time."""
        return self._answer(data, questions.renewal())

    def expected_residual_tenure(self, data: Any, cap: Horizon | None = None) -> Any:
        """Expected periods that each contract still lasts, within a cap or without one; may then be infinite.

        In discrete models the current period counts in full.
        """
        return self._answer(data, questions.residual(None if cap is None else self._length(cap)))

    def expected_tenure(self, data: Any, cap: Horizon | None = None) -> Any:
        """Expected periods that each contract lasts in all: its age and what is left within a cap or without one."""
        return self._answer(data, questions.total(None if cap is None else self._length(cap)))

    def median_residual_tenure(self, data: Any) -> Any:
        """Periods after which each contract is as likely to have ended as not."""
        return self._answer(data, questions.median())

    def discounted_expected_tenure(
        self,
        data: Any,
        horizon: Horizon | None = None,
        discount: DiscountRate = DEFAULT_DISCOUNT,
        next_renewal: float | None = None,
    ) -> Any:
        """Expected periods still to come of each contract, each discounted to now; None is without end.

        In discrete models these are renewals, each at its own time: without end and with the next one due now, the
        discounted expected residual lifetime (DERL) of Fader and Hardie (2010). In continuous models time flows.

        Parameters
        ----------
        data : as for all questions
        horizon : Horizon, optional
            What counts.
        discount : DiscountRate
            What later periods are worth now.
        next_renewal : float, optional
            Periods until the next renewal, in discrete models. If left out it is the column `next_renewal` where
            there is one, and 0 otherwise.
        """
        length = None if horizon is None else self._length(horizon)
        return self._answer(data, questions.discounted(discount.continuous(self.unit_), length), next_renewal)

    def interval(self, data: Any, question: str, level: float = 80.0, draws: int = _DRAWS, **arguments: Any) -> Any:
        """An answer with what the parameters' uncertainty makes of it: columns `..._low` and `..._high` beside it.

        Parameters
        ----------
        data : as for all questions
        question : str
            Name of a method, such as ``"survival"``, whose arguments follow by name.
        level : float
            In per cent.
        draws : int
            Draws of the posterior.

        Returns
        -------
        frame or table with three further columns; a dict of arrays for cells

        Raises
        ------
        ConfigError
            If there is no such question.
        """
        check_level(level)
        self._theta()
        wait = arguments.pop("next_renewal", None)
        asked = questions.ask(question, self.unit_, arguments)
        rows = self._rows(data, wait)
        ends = (0.5 - level / 200.0, 0.5 + level / 200.0)
        wide = self._values(rows, asked, lambda model: model._posterior_columns(draws), ends)
        low, high = wide[:, 0], wide[:, 1]
        exact = self._values(rows, asked, lambda model: model._theta().tolist())[:, 0]
        found = {asked.column: exact, f"{asked.column}_low": low, f"{asked.column}_high": high}
        return columns_given(data, found, rows.give)

    def survival_new_customer(self, ages: FloatArray | Horizon, plan: str | None = None) -> FloatArray:
        """Probability that a contract that begins now runs beyond these ages, in periods; shape of `ages`."""
        model = self._of_plan(plan)
        ages = np.atleast_1d(self._length(ages) if isinstance(ages, Horizon) else np.asarray(ages, dtype=np.float64))
        return questions.survival_curve(self.family, model._theta().tolist(), ages)

    def retention_curve(self, periods: int, plan: str | None = None, level: float = 80.0) -> dict[str, FloatArray]:
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
        model = self._of_plan(plan)
        exact, drawn = model._theta().tolist(), model._posterior_columns(_DRAWS)
        return questions.curves(self.family, exact, drawn, np.arange(int(periods) + 1, dtype=np.float64), level)

    def expected_tenure_new_customer(self, cap: Horizon | None = None, plan: str | None = None) -> float:
        """Expected periods that a contract lasts that begins now; without a cap it may be infinite."""
        return self._new(questions.residual(None if cap is None else self._length(cap)), plan)

    def median_tenure_new_customer(self, plan: str | None = None) -> float:
        """Periods after which a contract that begins now is as likely to have ended as not."""
        return self._new(questions.median(), plan)

    def discounted_expected_tenure_new_customer(
        self, horizon: Horizon | None = None, discount: DiscountRate = DEFAULT_DISCOUNT, plan: str | None = None
    ) -> float:
        """Discounted expected periods of a contract that begins now; in discrete models the first, paid now, counts.

        Without end it is the discounted expected lifetime (DEL) of Fader and Hardie (2010).
        """
        length = None if horizon is None else self._length(horizon)
        return self._new(questions.discounted_new(discount.continuous(self.unit_), length), plan)

    def sample(
        self, customers: int, rng: np.random.Generator, observed: Horizon, plan: str | None = None
    ) -> ContractCells:
        """Draw contracts that begin now and are observed for a time, one row a contract, parameters as estimated."""
        if customers < 1:
            raise ConfigError(f"`customers` is {customers}; draw one or more.")
        theta = self._of_plan(plan)._theta().tolist()
        start = np.zeros(customers)
        tenure = self._drawn(theta, start, rng)
        length = self._length(observed)
        length = float(np.floor(length + 1e-9)) if self.family.DISCRETE else length
        ended = (tenure <= length).astype(float)
        return ContractCells(start, np.minimum(tenure, length), ended, np.ones(customers), self.unit_)

    def sample_future(self, data: Any, rng: np.random.Generator) -> Any:
        """Draw how many periods each contract still lasts, parameters being as estimated; zero for those that ended."""
        rows = self._rows(data)
        left = np.zeros(rows.tenure.shape)
        for model, some in self._routes(rows):
            age = rows.tenure[some]
            left[some] = self._drawn(model._theta().tolist(), age, rng) - age
        return rows.give("residual_tenure", left)

    def _drawn(self, theta: Any, age: FloatArray, rng: np.random.Generator) -> FloatArray:
        draw = self.family.rates(theta, age, rng)
        tenure = self.family.residual(theta, age, draw, rng.standard_exponential(age.shape))
        return np.maximum(np.ceil(tenure), age + 1.0) if self.family.DISCRETE else tenure

    def _new(self, question: Question, plan: str | None) -> float:
        zero = np.zeros(1)
        return float(question.compute(self.family, self._of_plan(plan)._theta().tolist(), zero, zero)[0])

    def _answer(self, data: Any, question: Question, wait: float | None = None) -> Any:
        rows = self._rows(data, wait)
        return rows.give(question.column, self._values(rows, question, lambda model: model._theta().tolist())[:, 0])

    def _rows(self, data: Any, wait: float | None = None) -> ContractRows:
        self._theta()
        rows = contract_rows(data, self.unit_, self.family.DISCRETE)
        if wait is None:
            return rows
        if not (np.isfinite(wait) and wait >= 0):
            raise ConfigError(f"`next_renewal` is {wait!r} periods; it must be zero or more.")
        return ContractRows(rows.tenure, rows.ended, np.full(rows.tenure.shape, float(wait)), rows.plan, rows.give)

    def _values(
        self, rows: ContractRows, question: Question, parameters: Any, ends: tuple[float, float] | None = None
    ) -> FloatArray:
        """Answers of each row, shape (n, 1), or the quantiles `ends` over draws of the parameters, shape (n, 2)."""
        values = np.repeat(question.gone(rows.tenure)[:, None], 1 if ends is None else 2, axis=1)
        for model, some in self._routes(rows):
            pairs, index = np.unique(np.column_stack([rows.tenure[some], rows.wait[some]]), axis=0, return_inverse=True)
            found = question.compute(self.family, parameters(model), pairs[:, 0], pairs[:, 1])
            if ends is None:
                found = np.broadcast_to(found, len(pairs))[None, :]
            else:
                # Without interpolation, as answers may be infinite.
                found = np.quantile(found, ends, axis=0, method="inverted_cdf")
            values[some] = found.T[index.ravel()]
        return values

    def _routes(self, rows: ContractRows) -> Iterator[tuple[Any, Any]]:
        """The rows of contracts that run, with the fit that answers for them."""
        runs = rows.ended <= 0
        if not self.plans_ or rows.plan is None:
            yield self, np.flatnonzero(runs)
            return
        for plan in np.unique(rows.plan):
            yield self.fit_of(str(plan)), np.flatnonzero(runs & (rows.plan == plan))

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
        if not isinstance(horizon, Horizon):
            raise ConfigError(f"A length of time is missing its unit: {horizon!r}. Write for example months(12).")
        self._check_fitted()
        return horizon.in_unit(self.unit_)

    def _settings(self) -> dict[str, Any]:
        prior: Any = self.prior.to_dict() if isinstance(self.prior, Prior) else self.prior
        plans = {name: model.to_dict() for name, model in self.plans_.items()}
        return {"prior": prior, "unit": self.unit_.value, "plans": plans}

    @classmethod
    def _from_settings(cls, settings: Mapping[str, Any]) -> Self:
        given = settings["prior"]
        prior: PriorChoice = Prior.from_dict(given) if isinstance(given, Mapping) else given
        model = cls(prior)
        model.unit_ = TimeUnit.parse(settings["unit"])
        model.plans_ = {name: cls.from_dict(plan) for name, plan in settings["plans"].items()}
        return model
