"""The Pareto/NBD with lognormal, correlated rates as an estimator (Abe 2009)."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from keepers.domain.time import TimeUnit
from keepers.models.buying import BuyingModel
from keepers.models.covariates.encoding import Shifts
from keepers.models.customer_draws import CustomerDraws, draw_customers
from keepers.models.priors import LogNormal, Prior
from keepers.numerics.likelihoods import pareto_nbd_abe
from keepers.numerics.likelihoods.family import BuyingFamily


class ParetoNBDAbe(BuyingModel):
    """Repeat buying with dropout at any time, where those who buy often may also be those who leave early or late.

    As `ParetoNBD`, each customer has a rate of buying and a rate of leaving, but their logarithms are bivariate normal
    over customers, so that the two may be correlated: `correlation_` with its standard error tells. Use it where a
    link between buying and leaving is suspected, and where single customers are of interest (`sample_customers`). The
    published model is fitted by Markov chains; here the likelihood is integrated by quadrature to 1e-9 and maximised.

    Parameters
    ----------
    prior : "auto", None or Prior
        See `BuyingModel`. The belief about `odds`, which is (1 + correlation) / (1 - correlation), stands for one
        about the correlation: LogNormal(1, 1) holds it between -0.75 and 0.75 with 95%.
    covariates : Covariates, optional
        What moves the logarithms of the rates of buying (process "purchase") and of leaving ("dropout"), as in the
        paper's regression.

    Attributes
    ----------
    correlation_, correlation_standard_error_ : float
        Of the logarithms of the rates over customers.

    Notes
    -----
    `parameters_` holds median rates (`lambda0`, `mu0`), the standard deviations of log rates and `odds`. Expected
    lifetimes are finite, as lognormal rates have all moments.

    References
    ----------
    Abe (2009), "Counting Your Customers One by One: A Hierarchical Bayes Extension to the Pareto/NBD Model", Marketing
    Science 28(3): individual likelihood equation 5, the normal of log rates equation 6.

    Examples
    --------
    >>> import keepers as kp
    >>> data = {"frequency": [0, 1, 4, 2], "recency": [0, 5, 30, 20], "T": [39, 39, 38, 30]}
    >>> model = ParetoNBDAbe().fit(data, unit="week")
    >>> model.outcome_.name
    'CONVERGED_WITH_PRIOR'
    >>> bool(abs(model.correlation_) < 0.5 and model.correlation_standard_error_ > 0.2)
    True
    >>> draws = model.sample_customers(data, 10, np.random.default_rng(1))
    >>> draws.rate.shape
    (10, 4)
    """

    name: ClassVar[str] = "ParetoNBDAbe"
    title: ClassVar[str] = "Pareto/NBD (Abe)"
    symbols: ClassVar[tuple[str, ...]] = pareto_nbd_abe.PARAMETERS
    family: ClassVar[BuyingFamily] = pareto_nbd_abe
    covariate_shifts: ClassVar[Shifts] = {"purchase": {"lambda0": 1.0}, "dropout": {"mu0": 1.0}}
    effort: ClassVar[float] = 14.0
    weak_prior: ClassVar[Prior] = Prior(
        {
            "lambda0": LogNormal(0.04, 1.25),
            "mu0": LogNormal(0.03, 1.25),
            "sigma_lambda": LogNormal(1.1, 0.5),
            "sigma_mu": LogNormal(1.5, 0.5),
            "odds": LogNormal(1.0, 1.0),
        },
        TimeUnit.WEEK,
    )

    @property
    def correlation_(self) -> float:
        """Correlation of the log rates of buying and of leaving over customers."""
        self._theta()
        odds = self.parameters_["odds"]
        return (odds - 1.0) / (odds + 1.0)

    @property
    def correlation_standard_error_(self) -> float:
        """Standard error of `correlation_`, from the curvature at the maximum."""
        place = self.symbols.index("odds")
        return 0.5 * (1.0 - self.correlation_**2) * math.sqrt(float(self.posterior_.covariance[place, place]))

    def sample_customers(
        self, data: Any, draws: int, rng: np.random.Generator, unit: TimeUnit | str | None = None
    ) -> CustomerDraws:
        """Draw every customer's own rates, being alive and lifetime from their posterior.

        Parameters
        ----------
        data : summary, Cells or frame
            Histories of n customers or cells.
        draws : int
            Independent draws of all of them, each with its own draw of the parameters.
        rng : Generator
            Source of chance.
        unit : TimeUnit or str, optional
            Unit of a frame's times.

        Returns
        -------
        CustomerDraws
            Arrays of shape (draws, n).
        """
        self._theta()
        cells = self._rows(data, unit).cells
        thetas = self.posterior_.draws(draws, rng)
        return draw_customers(lambda theta, part: self.answer("sample_customers", theta, part, rng), thetas, cells)
