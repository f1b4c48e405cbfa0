"""One model of buying for many groups, which learn from each other as much as the data say they are alike."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn, Self

import numpy as np

from keepers.domain.cells import Cells, FloatArray, GapUse, IntArray
from keepers.domain.errors import ConfigError, FitError
from keepers.domain.outcome import FitOutcome
from keepers.domain.time import TimeUnit
from keepers.models.buying import BuyingModel
from keepers.models.by_clock import calendar_of
from keepers.models.covariates.answers import attributes_of, pattern_of
from keepers.models.covariates.encoding import level_text
from keepers.models.frames import attributes_given, cells_to_fit
from keepers.models.posterior import Posterior
from keepers.models.priors import Prior
from keepers.numerics.distinct import CellTables
from keepers.numerics.evaluation import Evaluation
from keepers.numerics.likelihoods.family import BuyingFamily, Forecast
from keepers.numerics.patterns import answers
from keepers.numerics.pooling import pool

OTHER = "any other"
"""What a group that the fit did not see is called among the parameters."""


@dataclass(frozen=True, slots=True)
class PooledGroup:
    """One group of a pooled fit.

    Attributes
    ----------
    label : str
        The group.
    customers : float
        How many it has.
    parameters : dict of str to float
        Its estimates.
    shrinkage : float
        Weight of the whole in them, from 0 (its own data alone) to 1; the mean over the parameters.
    sentence : str
        In words.
    """

    label: str
    customers: float
    parameters: dict[str, float]
    shrinkage: float
    sentence: str


class PooledModel(BuyingModel):
    """A model of buying with parameters for each group, small groups leaning on the whole.

    Use it where customers fall into segments, cohorts, countries or channels of very different sizes: a fit for each
    would be noise for the small ones, one fit for all would be wrong for each. Log parameters of groups lie around a
    common centre, log theta_g ~ Normal(m, diag(tau^2)); m and tau are learned from all groups (empirical Bayes), so
    that a group of 20 customers is near the centre and one of 100,000 speaks for itself. A group that the fit did not
    see gets the centre, with tau as its uncertainty.

    Parameters
    ----------
    model : BuyingModel
        Not yet fitted, without covariates, such as ``ParetoNBD()``.
    by : str
        Column of the groups: of the frame, or one that was joined to a summary.

    Attributes
    ----------
    groups_ : tuple of PooledGroup
        Every group's estimates and how far they were shrunk.
    tau_ : dict of str to float
        How much groups differ: standard deviation of the logarithm of each parameter over groups.
    centre_ : dict of str to float
        Parameters of a typical group.

    References
    ----------
    Gelman, Carlin, Stern, Dunson, Vehtari, Rubin (2013), "Bayesian Data Analysis", chapter 5.

    Examples
    --------
    >>> import keepers as kp
    >>> data = {"frequency": [0, 1, 4, 2, 3, 0], "recency": [0, 5, 30, 20, 30, 0], "T": [39, 39, 38, 30, 35, 20],
    ...         "country": ["de", "de", "de", "fr", "fr", "fr"]}
    >>> model = PooledModel(kp.MBGNBD(), by="country").fit(data, unit="week")
    >>> [group.label for group in model.groups_]
    ['de', 'fr']
    >>> all(group.shrinkage > 0.5 for group in model.groups_)
    True
    """

    name: ClassVar[str] = "PooledModel"
    title: ClassVar[str] = "pooled groups"
    symbols: ClassVar[tuple[str, ...]] = ()
    weak_prior: ClassVar[Prior] = Prior({})

    labels_: tuple[str, ...]
    whole_: BuyingModel
    tau_: dict[str, float]
    centre_: dict[str, float]
    groups_: tuple[PooledGroup, ...]

    def __init__(self, model: BuyingModel | None = None, by: str = "group") -> None:
        super().__init__(None if model is None else model.prior)
        if model is None:
            from keepers.models.btyd.pareto_nbd import ParetoNBD

            model = ParetoNBD()
        if not isinstance(model, BuyingModel) or model.covariates is not None or not model.symbols or model.discrete:
            raise ConfigError(
                f"`model` is {model!r}. Give one model of buying in continuous time without covariates, such as "
                'PooledModel(ParetoNBD(), by="country"). Of spend, every group has its own level by '
                f'GammaGamma(covariates=Covariates(spend=["{by}"], prior=0.3)), whose prior pulls groups to each other.'
            )
        self.model = model
        self.by = str(by)
        self.__dict__["title"] = f"{model.title} by {by}"

    @property
    def family(self) -> BuyingFamily:
        """That of the groups' model."""
        return getattr(self, "whole_", self.model).family

    @property
    def gaps(self) -> GapUse | None:  # type: ignore[override]
        """What the groups' model uses of the times between purchases."""
        return self.model.gaps

    @property
    def infinite(self) -> Mapping[str, str]:  # type: ignore[override]
        """Answers that may be infinite."""
        return self.model.infinite

    @property
    def needed_attributes(self) -> tuple[str, ...]:
        """The column of the groups."""
        return (self.by,)

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """Every parameter of every group, and of a group not seen."""
        labels = (*getattr(self, "labels_", ()), OTHER)
        return tuple(f"{symbol}[{label}]" for label in labels for symbol in self.model.symbols)

    def fit(self, data: Any, unit: TimeUnit | str | None = None) -> Self:
        """Fit all groups together.

        Parameters
        ----------
        data : summary, Cells or frame
            Histories with the column of the groups.
        unit : TimeUnit or str, optional
            Unit of a frame's times, required there.

        Raises
        ------
        InputError
            If the column is missing or empty for some customers, or histories are impossible.
        """
        cells = self._to_fit(cells_to_fit(data, unit, self.gaps, self.needed_attributes))
        values = attributes_of(cells).columns[self.by]
        group_of = pattern_of(cells)
        self.labels_ = tuple(level_text(value) for value in values)
        whole = self.whole_ = copy.copy(self.model).fit(cells.knowing(()))
        symbols = self.model.symbols
        scale = float(cells.weight @ cells.T) / cells.customers or 1.0
        powers = np.array([self.family.TIME_POWERS.get(name, 0) for name in symbols], dtype=float)
        units = powers * np.log(scale)
        tables = CellTables.of(cells, scale)
        parts = [tables.take(np.flatnonzero(group_of == group)) for group in range(len(self.labels_))]
        start = np.log([whole.parameters_[name] for name in symbols]) - units
        chosen = whole.prior_
        zero = np.zeros(len(symbols))
        belief = (start, zero)
        if chosen is not None:
            divisors = (cells.unit.days * scale / chosen.unit.days) ** powers
            known = chosen.on(symbols, divisors)
            belief = (known.centre, known.precision_at(start))
        found = pool([_likelihood_of(self.family, part) for part in parts], start, belief)
        size, groups = len(symbols), len(parts)
        covariance = np.zeros(((groups + 1) * size,) * 2)
        for place, block in enumerate([*found.covariances, found.centre_covariance + np.diag(found.spread**2)]):
            some = slice(place * size, (place + 1) * size)
            covariance[some, some] = block
        logs = (np.vstack([found.points, found.centre]) + units).ravel()
        theta = np.exp(logs)
        names = self.parameter_names
        self.posterior_ = self.laplace_ = Posterior(names, logs, covariance, float(found.shrinkage.mean()))
        self.covariance_ = np.outer(theta, theta) * covariance
        self.parameters_ = dict(zip(names, theta.tolist(), strict=True))
        self.standard_errors_ = dict(zip(names, np.sqrt(np.diag(self.covariance_)).tolist(), strict=True))
        self.log_likelihood_ = found.value - cells.repeat_purchases * float(np.log(scale))
        self.outcome_ = whole.outcome_ if found.converged or not whole.outcome_.usable else FitOutcome.FAILED
        self.prior_ = chosen
        self.n_customers_ = cells.customers
        self.unit_ = cells.unit
        self.tau_ = dict(zip(symbols, found.spread.tolist(), strict=True))
        self._describe([float(part.weight.sum()) for part in parts], found.shrinkage.mean(axis=1).tolist())
        return self

    def _answer(self, question: str, theta: FloatArray, cells: Cells, *further: Any) -> Any:
        """What the family answers for each row of cells, each with its group's parameters."""
        table = theta.reshape(-1, len(self.model.symbols))
        columns = (cells.x, cells.t_x, cells.T)
        exact = question.startswith("sample")
        return answers(getattr(self.family, question), table, self._groups_of(cells), columns, *further, exact=exact)

    def answer_new(self, question: str, theta: FloatArray, *further: Any, attributes: Any = None) -> Any:
        """What the family answers about a new customer: of the group in `attributes`, else of one drawn from all."""
        table, asked = theta.reshape(-1, len(self.model.symbols)), getattr(self.family, question)
        share = np.array([*(group.customers for group in self.groups_), 0.0])
        if attributes is not None:
            given, pattern = attributes_given(attributes, self.needed_attributes)
            places = self._places(given.columns[self.by])[pattern]
            share = np.bincount(places, minlength=len(table)).astype(np.float64)
        share = share / share.sum()
        return sum(weight * asked(one, *further) for weight, one in zip(share, table, strict=True) if weight > 0)

    def _parameter_variance(self, found: Forecast, cells: Cells) -> FloatArray:
        size = len(self.model.symbols)
        blocks = np.array(
            [
                self.posterior_.covariance[place : place + size, place : place + size]
                for place in range(0, len(self.parameter_names), size)
            ]
        )
        gradient = found.expected_gradient
        own = blocks[self._groups_of(cells)]
        return np.asarray(np.maximum(np.einsum("ni,nij,nj->n", gradient, own, gradient), 0.0))

    def _draw_new(self, T: FloatArray, attributes: Any, rng: np.random.Generator) -> Any:
        table = self._theta().reshape(-1, len(self.model.symbols))
        if attributes is None:
            share = np.array([group.customers for group in self.groups_])
            label = np.array(self.labels_, dtype=object)[rng.choice(share.size, size=T.size, p=share / share.sum())]
            attributes = {self.by: label}
        given, pattern = attributes_given(attributes, self.needed_attributes, T.size)
        groups = self._places(given.columns[self.by])[pattern]
        x, t_x = answers(self.family.sample_new, table, groups, (T,), rng, exact=True)
        return x, t_x, pattern, given

    def _patterns_of(self, attributes: Any, first: Any) -> Any:
        table, pattern = attributes_given(attributes, self.needed_attributes, len(first))
        return pattern, table

    def _groups_of(self, cells: Cells) -> IntArray:
        return self._places(attributes_of(cells).columns[self.by])[pattern_of(cells)]

    def _places(self, values: Any) -> IntArray:
        """The group of each value; one that was not seen is the last."""
        known = {label: place for place, label in enumerate(self.labels_)}
        return np.array([known.get(level_text(value), len(known)) for value in values], dtype=np.int64)

    def _kept_evidence(self) -> NoReturn:
        raise FitError(
            "A pooled model has its posterior by Laplace's approximation alone, with the centre and the spread of the "
            "groups estimated. Ask `posterior_`; for a single group, fit its model by itself."
        )

    def _prior_before_data(self) -> NoReturn:
        raise ConfigError(
            "The prior of a pooled model is that of each of its groups. Ask the model that they share: "
            "`pooled.model.prior_predictive()`."
        )

    def _describe(self, customers: list[float], shrinkage: list[float]) -> None:
        symbols = self.model.symbols
        self.centre_ = {symbol: self.parameters_[f"{symbol}[{OTHER}]"] for symbol in symbols}
        groups = []
        for label, count, share in zip(self.labels_, customers, shrinkage, strict=True):
            own = {symbol: self.parameters_[f"{symbol}[{label}]"] for symbol in symbols}
            sentence = (
                f"{self.by} = {label}: {count:,.0f} customer{'s'[: count != 1]}; its estimates are {1 - share:.0%} its "
                f"own and {share:.0%} those of the whole."
            )
            groups.append(PooledGroup(label, count, own, share, sentence))
        self.groups_ = tuple(groups)

    def _settings(self) -> dict[str, Any]:
        return {
            "model": self.model.name,
            "inner": self.whole_._settings(),
            "by": self.by,
            "unit": self.unit_.value,
            **({} if self.calendar_ is None else {"clock": self.calendar_.to_dict()}),
            "labels": list(self.labels_),
            "tau": self.tau_,
            "customers": [group.customers for group in self.groups_],
            "shrinkage": [group.shrinkage for group in self.groups_],
        }

    @classmethod
    def _from_settings(cls, settings: Mapping[str, Any]) -> Self:
        from keepers.models.catalogue import model_class

        kind = model_class(str(settings["model"]))
        inner = kind._from_settings(settings["inner"])
        assert isinstance(inner, BuyingModel)
        model = cls(inner, str(settings["by"]))
        model.whole_ = inner
        model.unit_ = TimeUnit.parse(settings["unit"])
        model.calendar_ = calendar_of(settings)
        model.labels_ = tuple(settings["labels"])
        model.tau_ = dict(settings["tau"])
        return model

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The fitted model that `to_dict` wrote."""
        model = super().from_dict(data)
        assert isinstance(model, cls)
        model._describe(list(data["settings"]["customers"]), list(data["settings"]["shrinkage"]))
        return model


def _likelihood_of(family: BuyingFamily, tables: CellTables) -> Any:
    def likelihood(point: FloatArray, order: int) -> Evaluation:
        return family.log_likelihood_sum(np.exp(point), tables, order)

    return likelihood
