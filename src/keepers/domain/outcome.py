"""How a fit ended, in words that a person can act on."""

from __future__ import annotations

from enum import Enum


class FitOutcome(Enum):
    """The end of a fit; the value is the sentence that is shown."""

    CONVERGED = "The fit converged: the gradient is zero and the curvature is that of a maximum."
    CONVERGED_WITH_PRIOR = "The fit converged with the help of a weak prior, because customers are few."
    AT_BOUND = (
        "The fit ran to the edge of what its parameters allow; the data hold no sign of that part of the behaviour."
    )
    SEPARABLE = (
        "A covariate separates those who do from those who do not, so its effect has no finite estimate; leave it out, "
        "merge its rare categories, or give its effect a prior."
    )
    FLAT_RIDGE = (
        "Many parameter values explain the data equally well; predictions are usable, single parameters are not."
    )
    NOT_IDENTIFIED = (
        "The data cannot tell this model's parameters apart: along some direction the likelihood does not change; "
        "use a simpler model, or give a prior."
    )
    NO_REPEAT_PURCHASES = "No customer bought twice, so the rhythm of buying rests on the prior alone."
    NO_ENDINGS = (
        "No contract has ended yet, so how long they last rests on the prior alone, or on nothing where there is none."
    )
    INFINITE_MEAN = (
        "The fit converged, but spend differs so much between customers that its average over all of them is infinite; "
        "use the values of customers with repeat orders alone."
    )
    FAILED = "The fit did not reach a maximum; its numbers must not be used."

    @property
    def usable(self) -> bool:
        """Whether predictions may be made from such a fit."""
        return self is not FitOutcome.FAILED

    @property
    def trustworthy_parameters(self) -> bool:
        """Whether single parameters may be read and compared."""
        return self in (FitOutcome.CONVERGED, FitOutcome.CONVERGED_WITH_PRIOR, FitOutcome.INFINITE_MEAN)
