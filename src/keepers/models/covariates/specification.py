"""Which columns go with faster buying, sooner leaving or larger orders, as a user says it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from keepers.domain.errors import ConfigError
from keepers.models.covariates.varying import TimeVarying

PROCESSES = ("purchase", "dropout", "spend")


@dataclass(frozen=True)
class Covariates:
    """Columns that a model of buying or of spend takes into account.

    A covariate z multiplies the rate of buying (or of leaving), or the money of an order, by exp(gamma z). Use
    covariates where customers differ in what is known of them from the start, such as the channel that brought them;
    what they did later does not belong here.

    Parameters
    ----------
    purchase : sequence of str
        Columns that change how often customers buy.
    dropout : sequence of str
        Columns that change how soon they leave; for models with dropout.
    same : sequence of str
        Columns of both whose coefficients shall be equal in both.
    equal : sequence of sequences of str
        Groups of coefficients, by their names, that shall be equal to each other, such as
        ``[["spend:channel[ads]", "spend:channel[mail]"]]``. A group has one coefficient, called
        ``spend:channel[ads]=spend:channel[mail]``.
    fixed : mapping of str to float
        Coefficients that are known, by their names, such as ``{"dropout:channel[shop]": 0.0}``; not estimated.
    reference : mapping of str to str
        For a column of words, the level that the others are compared with; the most frequent one if left out.
    prior : "auto", None or float
        Spread of a normal prior around zero of each coefficient (a coefficient of numbers counts per standard
        deviation of the column). "auto" is 1 while customers are few and fades as the model's own prior does; None is
        maximum likelihood always; a number shrinks always, the more the smaller it is.
    unseen : "error" or "reference"
        What to do with a level that the fit did not see: refuse it, or take it for the reference and warn.
    spend : sequence of str
        Columns that change what an order is worth; for models of spend.
    varying : TimeVarying, optional
        Covariates that vary in time, of which `purchase`, `dropout` or `spend` names some; see `calendar_covariates`.
        Named by `spend` they make orders dearer while they last, in `GammaGamma`. Named by
        `purchase` they speed up and slow down buying, in every model but BG/BB and ParetoNBDAbe; named by `dropout`
        they move the risk of leaving, in Pareto/NBD and GGompertz/NBD, where customers leave at any moment.

    Notes
    -----
    Models of buying take `purchase` and `dropout`, models of spend `spend`; each refuses what it has no process for.
    Coefficients are named ``purchase:age`` for numbers and ``purchase:channel[ads]`` for a level. Models in which
    leaving has two parameters (BG/NBD, MBG/NBD) have a coefficient for each: ``dropout_a:...`` and ``dropout_b:...``.
    In `SignedSpend` gains, their odds and losses have one each.
    Numbers are centred, so that r, alpha, ... are those of a customer with the reference levels and mean numbers;
    columns of zeros and ones are left as they are.

    References
    ----------
    Fader, Hardie (2007), "Incorporating time-invariant covariates into the Pareto/NBD and BG/NBD models".

    Examples
    --------
    >>> import keepers as kp
    >>> data = {"frequency": [0, 1, 4, 2, 3, 0], "recency": [0, 5, 30, 20, 30, 0], "T": [39, 39, 38, 30, 35, 20],
    ...         "channel": ["ads", "ads", "shop", "shop", "shop", "ads"]}
    >>> model = kp.BGNBD(covariates=Covariates(purchase=["channel"])).fit(data, unit="week")
    >>> [coefficient.name for coefficient in model.coefficients_]
    ['purchase:channel[shop]']
    >>> print(model.coefficients_[0].sentence)
    Customers with channel = shop buy 50% more often than those with channel = ads (80% interval 43% less to 298% more).
    """

    purchase: Sequence[str] = ()
    dropout: Sequence[str] = ()
    same: Sequence[str] = ()
    fixed: Mapping[str, float] = field(default_factory=dict)
    reference: Mapping[str, str] = field(default_factory=dict)
    prior: float | Literal["auto"] | None = "auto"
    unseen: Literal["error", "reference"] = "error"
    varying: TimeVarying | None = None
    spend: Sequence[str] = ()
    equal: Sequence[Sequence[str]] = ()

    def __post_init__(self) -> None:
        for name in (*PROCESSES, "same"):
            given = getattr(self, name)
            if isinstance(given, str):
                raise ConfigError(f'`{name}` is one word, {given!r}. Give a list of columns: {name}=["{given}"].')
            object.__setattr__(self, name, tuple(given))
            if len(set(getattr(self, name))) < len(getattr(self, name)):
                raise ConfigError(f"`{name}` names a column twice: {', '.join(given)}. Name each once.")
        if not (self.purchase or self.dropout or self.spend):
            raise ConfigError(
                'Covariates name no column. Write for example Covariates(purchase=["channel"]), or for a model of '
                'spend Covariates(spend=["channel"]).'
            )
        self._check_equal()
        alone = [column for column in self.same if column not in self.purchase or column not in self.dropout]
        if alone:
            raise ConfigError(f"`same` names {', '.join(alone)}, which must stand in both `purchase` and `dropout`.")
        number = isinstance(self.prior, (int, float)) and not isinstance(self.prior, bool)
        if not (self.prior in ("auto", None) or (number and math.isfinite(self.prior) and self.prior > 0)):  # type: ignore[arg-type, operator]
            raise ConfigError(
                f'`prior` of covariates is {self.prior!r}. Use "auto", None or a spread above zero (0.5).'
            )
        if self.unseen not in ("error", "reference"):
            raise ConfigError(f'`unseen` is {self.unseen!r}. Use "error" or "reference".')
        if self.varying is not None:
            self._check_varying(self.varying)
        wrong = {name: value for name, value in self.fixed.items() if not math.isfinite(value)}
        if wrong:
            raise ConfigError(f"`fixed` has values that are no numbers: {wrong}.")

    def _check_equal(self) -> None:
        if isinstance(self.equal, str) or any(isinstance(group, str) for group in self.equal):
            raise ConfigError(
                f"`equal` is {self.equal!r}. Give groups of coefficients, such as "
                'equal=[["spend:channel[ads]", "spend:channel[mail]"]].'
            )
        groups = tuple(tuple(group) for group in self.equal)
        object.__setattr__(self, "equal", groups)
        named = [name for group in groups for name in group]
        twice = sorted({name for name in named if named.count(name) > 1})
        known = [name for name in named if name in self.fixed]
        if twice or known or any(len(group) < 2 for group in groups):
            why = (
                f"names {', '.join(twice)} twice; put all that shall be equal into one group"
                if twice
                else f"names {', '.join(known)}, which `fixed` gives a value; leave it out of one of them"
                if known
                else "has a group of fewer than two coefficients; name at least two"
            )
            raise ConfigError(f"`equal` {why}.")

    def _check_varying(self, varying: TimeVarying) -> None:
        where = {"same": self.same, "reference": self.reference}
        where["fixed"] = [name.partition(":")[2] for name in self.fixed]
        where["equal"] = [name.partition(":")[2] for group in self.equal for name in group]
        for place, named in where.items():
            used = [name for name in named if name in varying.names]
            if used:
                raise ConfigError(
                    f"`{place}` names {', '.join(used)}, which vary in time. Such covariates have a free coefficient "
                    f"in each process. Leave them out of `{place}`."
                )
        if not self.varies:
            raise ConfigError(
                "`purchase`, `dropout` and `spend` name none of the covariates that vary in time. Name some of "
                f"{', '.join(varying.names)}."
            )

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column of what is known of customers once, those of buying first."""
        return tuple(dict.fromkeys(name for process in PROCESSES for name in self.of(process)))

    @property
    def varies(self) -> bool:
        """Whether any of them vary in time."""
        return bool(self.varying_coefficients)

    @property
    def varying_coefficients(self) -> tuple[str, ...]:
        """Names of the coefficients of covariates that vary in time, those of buying first."""
        return tuple(f"{process}:{name}" for process in PROCESSES for name in self.varying_of(process))

    def varying_of(self, process: str) -> tuple[str, ...]:
        """The covariates of one process that vary in time."""
        known = () if self.varying is None else self.varying.names
        return tuple(name for name in getattr(self, process) if name in known)

    def of(self, process: str) -> tuple[str, ...]:
        """Columns of one process that do not vary in time."""
        named: Sequence[str] = getattr(self, process)
        return tuple(name for name in named if name not in self.varying_of(process))

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and words, for a saved model."""
        return {
            "purchase": list(self.purchase),
            "dropout": list(self.dropout),
            "spend": list(self.spend),
            "same": list(self.same),
            "equal": [list(group) for group in self.equal],
            "fixed": dict(self.fixed),
            "reference": dict(self.reference),
            "prior": self.prior,
            "unseen": self.unseen,
            "varying": None if self.varying is None else self.varying.to_dict(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Covariates:
        """The covariates that `to_dict` wrote."""
        varying = data.get("varying")
        return cls(**{**data, "varying": None if varying is None else TimeVarying.from_dict(varying)})
