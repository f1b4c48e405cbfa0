"""Models of contracts: one estimator's face over every family of durations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np

from keepers.domain.cells import FloatArray, IntArray
from keepers.domain.contracts import ContractCells
from keepers.domain.errors import ConfigError
from keepers.domain.money import DEFAULT_DISCOUNT, DiscountRate
from keepers.domain.time import Horizon, TimeUnit
from keepers.models.base import PriorChoice
from keepers.models.contractual import questions
from keepers.models.contractual.contract_fit import fit_cells
from keepers.models.contractual.contract_rows import ContractRows, columns_given, contract_rows, contracts_to_fit
from keepers.models.contractual.new_contracts import NewContracts
from keepers.models.contractual.pooling import pooled_prior
from keepers.models.contractual.questions import Question
from keepers.models.intervals import check_level
from keepers.models.priors import Prior
from keepers.numerics.likelihoods.contract_family import ContractLaw
from keepers.numerics.likelihoods.contract_pace import Pace, Paced
from keepers.numerics.patterns import MOST_EXACT, answers, groups_of, parameters_of_patterns

_DRAWS = 200


class Route(NamedTuple):
    """Rows of contracts that one fit and one law answer for."""

    model: NewContracts
    law: ContractLaw
    rows: IntArray


class ContractModel(NewContracts):
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
    covariates : Covariates, optional
        Columns that go with sooner or later ends, as its `dropout`: ``Covariates(dropout=["channel"])``. A covariate
        multiplies each contract's rate of ending by exp(gamma z), in discrete models that of not being renewed
        (-log(1 - chance)). Covariates that vary in time need a column `started_on`; in discrete models their value on
        the day of a renewal counts.

    Attributes
    ----------
    coefficients_ : tuple of Coefficient
        What covariates do, each with a sentence; empty without covariates.
    unit_ : TimeUnit
        Period of the ages.
    infinite : mapping of str to str
        Answers that may be infinite, by the keys of `keepers.testing.contract_questions`, with the condition in words.
    plans_ : dict of str to model
        The fit of each plan, where `fit(..., by="plan")` was asked for; empty otherwise.
    """

    infinite: ClassVar[Mapping[str, str]]

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
        if pooled and by is not None and self.covariates is not None:
            raise ConfigError(
                "Plans that learn from each other share a centre of parameters, and effects of covariates have none. "
                f'Leave `pooled` out, or take {by!r} for a covariate: Covariates(dropout=["{by}"]).'
            )
        together, plans = contracts_to_fit(data, unit, self.family.DISCRETE, by, self.covariates)
        self._fit_cells(together)
        prior = pooled_prior(self, plans) if pooled and len(plans) > 1 and self.outcome_.usable else self.prior
        kind = type(self)
        self.plans_ = {name: kind(prior, covariates=self.covariates)._fit_cells(cells) for name, cells in plans.items()}
        return self

    def _fit_cells(self, cells: ContractCells) -> Self:
        self._learn(cells)
        fit_cells(self, cells)
        self.unit_ = cells.unit
        self.plans_ = {}
        return self

    @property
    def remarks_(self) -> tuple[str, ...]:
        """What to know of the fit's answers, in sentences."""
        power = float(self.family.tail(self._theta()[: len(self.symbols)].tolist()))
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

    def sample_future(self, data: Any, rng: np.random.Generator) -> Any:
        """Draw how many periods each contract still lasts, parameters being as estimated; zero for those that ended."""
        rows = self._rows(data)
        left = np.zeros(rows.tenure.shape)
        for model, law, some in self._routes(rows, 0.0):
            age = rows.tenure[some]
            left[some] = self._drawn(law, model._theta().tolist(), age, rng) - age
        return rows.give("residual_tenure", left)

    def _answer(self, data: Any, question: Question, wait: float | None = None) -> Any:
        rows = self._rows(data, wait)
        return rows.give(question.column, self._values(rows, question, lambda model: model._theta().tolist())[:, 0])

    def _rows(self, data: Any, wait: float | None = None) -> ContractRows:
        self._theta()
        rows = contract_rows(data, self.unit_, self.family.DISCRETE, self.covariates)
        if wait is None:
            return rows
        if not (np.isfinite(wait) and wait >= 0):
            raise ConfigError(f"`next_renewal` is {wait!r} periods; it must be zero or more.")
        return replace(rows, wait=np.full(rows.tenure.shape, float(wait)))

    def _values(
        self, rows: ContractRows, question: Question, parameters: Any, ends: tuple[float, float] | None = None
    ) -> FloatArray:
        """Answers of each row, shape (n, 1), or the quantiles `ends` over draws of the parameters, shape (n, 2)."""
        values = np.repeat(question.gone(rows.tenure)[:, None], 1 if ends is None else 2, axis=1)
        many = ends is None and self._steady_patterns(rows) > MOST_EXACT
        if many:
            for own, some in self._fits(rows):
                values[some, 0] = _interpolated(own, rows, some, question)
            return values
        known: dict[int, Any] = {}
        for model, law, some in self._routes(rows, question.reach):
            if id(model) not in known:
                known[id(model)] = parameters(model)
            pairs, index = np.unique(np.column_stack([rows.tenure[some], rows.wait[some]]), axis=0, return_inverse=True)
            found = question.compute(law, known[id(model)], pairs[:, 0], pairs[:, 1])
            if ends is None:
                found = np.broadcast_to(found, len(pairs))[None, :]
            else:
                # Without interpolation, as answers may be infinite.
                found = np.quantile(found, ends, axis=0, method="inverted_cdf")
            values[some] = found.T[index.ravel()]
        return values

    def _fits(self, rows: ContractRows) -> Iterator[tuple[Self, IntArray]]:
        """The rows of contracts that run, with the fit that answers for them."""
        runs = rows.ended <= 0
        if not self.plans_ or rows.plan is None:
            yield self, np.flatnonzero(runs)
            return
        for plan in np.unique(rows.plan):
            yield self.fit_of(str(plan)), np.flatnonzero(runs & (rows.plan == plan))

    def _routes(self, rows: ContractRows, reach: float) -> Iterator[Route]:
        """The same by pattern of covariates, whose law is then one; asked of so many periods ahead."""
        for model, some in self._fits(rows):
            if model.coding_ is None or rows.attributes is None or rows.pattern is None:
                yield Route(model, model.family, some)
                continue
            oldest = np.zeros(rows.attributes.size)
            np.maximum.at(oldest, rows.pattern[some], rows.tenure[some])
            here = np.unique(rows.pattern[some])
            law = model._law(rows.attributes.take(here), oldest[here], reach)
            place = np.searchsorted(here, rows.pattern[some])
            for alike in groups_of(place):
                yield Route(model, law(int(place[alike[0]])), some[alike])

    def _steady_patterns(self, rows: ContractRows) -> int:
        """How many patterns of covariates there are, where none vary in time."""
        steady = self.coding_ is not None and not self.varying_coefficients
        return 0 if rows.attributes is None or not steady else rows.attributes.size

    def _settings(self) -> dict[str, Any]:
        prior: Any = self.prior.to_dict() if isinstance(self.prior, Prior) else self.prior
        plans = {name: model.to_dict() for name, model in self.plans_.items()}
        return {
            "prior": prior,
            "unit": self.unit_.value,
            "plans": plans,
            "now": self.now_,
            **self._covariate_settings(),
        }

    @classmethod
    def _from_settings(cls, settings: Mapping[str, Any]) -> Self:
        given = settings["prior"]
        prior: PriorChoice = Prior.from_dict(given) if isinstance(given, Mapping) else given
        model = cls(prior)
        model.unit_ = TimeUnit.parse(settings["unit"])
        model.now_ = float(settings.get("now", 0.0))
        model._restore_covariates(settings)
        model.plans_ = {name: cls.from_dict(plan) for name, plan in settings["plans"].items()}
        return model


def _interpolated(model: NewContracts, rows: ContractRows, some: IntArray, question: Question) -> FloatArray:
    """Answers of contracts of very many patterns that differ in their pace alone, interpolated in its logarithm."""
    coding, attributes, pattern = model.coding_, rows.attributes, rows.pattern
    assert coding is not None
    assert attributes is not None
    assert pattern is not None
    law = Paced(model.family, Pace.steady(np.ones(1)))
    theta = model._theta()
    d = len(model.symbols)
    own = np.concatenate([theta[:d], [1.0], theta[d:]])

    def asked(one: FloatArray, age: FloatArray, wait: FloatArray) -> FloatArray:
        return question.compute(law, [*one[:-1].tolist(), float(np.log(one[-1]))], age, wait)

    paces = parameters_of_patterns(own, *coding.design(attributes))
    return np.asarray(answers(asked, paces, pattern[some], (rows.tenure[some], rows.wait[some])))
