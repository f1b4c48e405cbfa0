"""Customer engagement value: what a customer brings by buying, referring, influencing and giving feedback.

Kumar, Aksoy, Donkers, Venkatesan, Wiesel, Tillmanns (2010), "Undervalued or Overvalued Customers: Capturing Total
Customer Engagement Value", Journal of Service Research 13(3): CEV = CLV + CRV + CIV + CKV. Referral value follows
Kumar, Petersen, Leone (2010), "Driving Profitability by Encouraging Customer Referrals", Journal of Marketing 74(5): a
person who would not have come without the referral counts with their whole value and the saved cost of winning them, a
person who would have come anyway with the saved cost alone.

The engagement value of a customer says what would be missing without that customer. It is no part of a sum: what a
referred customer buys is in the referrer's CRV and in the referred customer's own CLV; `engagement_equity` counts it
once.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from keepers.domain.errors import ConfigError
from keepers.valuation.formula_conditions import check_not_negative, check_rate, check_share


@dataclass(frozen=True, slots=True)
class Referral:
    """One person whom a customer brings, or is expected to bring.

    Parameters
    ----------
    value : float
        Lifetime value of the referred person from the day of joining, net of the cost of serving them.
    saved_acquisition : float
        What it costs to win such a person otherwise.
    incentive : float
        What referrer and referred person are paid for the referral.
    would_have_joined : float
        Probability that the person would have come without the referral; 1 or 0 where it is known.
    years : float
        How many years from now the person joins; 0 is today.
    person : hashable, optional
        Key of the referred person, where it is one of the customers.
    """

    value: float
    saved_acquisition: float = 0.0
    incentive: float = 0.0
    would_have_joined: float = 0.0
    years: float = 0.0
    person: Hashable | None = None

    def __post_init__(self) -> None:
        check_share("would_have_joined", self.would_have_joined)
        check_not_negative("saved_acquisition", self.saved_acquisition, "a cost")
        check_not_negative("incentive", self.incentive, "a cost")
        check_not_negative("years", self.years, "a time from now")


@dataclass(frozen=True, slots=True)
class Influence:
    """What a customer's reviews, posts or advice make other people buy, without being paid for it.

    Parameters
    ----------
    value : float
        Contribution of the purchases that were influenced.
    share : float
        The part of them that would not have happened without this customer.
    years : float
        How many years from now they happen.
    person : hashable, optional
        Key of the influenced person, where it is one of the customers.
    """

    value: float
    share: float
    years: float = 0.0
    person: Hashable | None = None

    def __post_init__(self) -> None:
        check_share("share", self.share)
        check_not_negative("years", self.years, "a time from now")


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What a customer's feedback is worth: an improvement or an idea, and what it costs to take it up.

    Parameters
    ----------
    value : float
        Contribution of what follows from it, before its cost.
    cost : float
        Of collecting it and putting it into practice.
    probability : float
        That it is put into practice.
    years : float
        How many years from now.
    """

    value: float
    cost: float = 0.0
    probability: float = 1.0
    years: float = 0.0

    def __post_init__(self) -> None:
        check_share("probability", self.probability)
        check_not_negative("cost", self.cost, "a cost")
        check_not_negative("years", self.years, "a time from now")


@dataclass(frozen=True, slots=True)
class EngagementValue:
    """The four parts of what a customer is worth; money now.

    Parameters
    ----------
    clv, crv, civ, ckv : float
        Of purchases, referrals, influence and knowledge.
    """

    clv: float
    crv: float = 0.0
    civ: float = 0.0
    ckv: float = 0.0

    @property
    def total(self) -> float:
        """CEV: their sum, what would be missing without the customer."""
        return self.clv + self.crv + self.civ + self.ckv


def referral_value(referrals: Sequence[Referral], discount: float = 0.10) -> float:
    """CRV: value of the persons who would not have come otherwise, and saved cost of winning all of them.

    Parameters
    ----------
    referrals : sequence of Referral
        Made or expected.
    discount : float
        Effective rate a year.

    Examples
    --------
    Somebody worth 100 who came only by the referral, and somebody who would have come anyway; winning either costs 20
    and each referral is rewarded with 5:

    >>> referral_value([Referral(100, 20, 5), Referral(100, 20, 5, would_have_joined=1)])
    130.0
    """
    return sum((_of_referral(one, discount) for one in referrals), 0.0)


def influence_value(influences: Sequence[Influence], discount: float = 0.10) -> float:
    """CIV: the part of other people's purchases that this customer is the cause of.

    >>> influence_value([Influence(200.0, 0.25), Influence(110.0, 0.5, years=1)])
    100.0
    """
    return sum((_of_influence(one, discount) for one in influences), 0.0)


def knowledge_value(feedback: Sequence[Knowledge], discount: float = 0.10) -> float:
    """CKV: what feedback brings, less what it costs, by the probability that it is put into practice.

    >>> knowledge_value([Knowledge(1000.0, cost=200.0, probability=0.25)])
    200.0
    """
    return sum((one.probability * (one.value - one.cost) * _now(discount, one.years) for one in feedback), 0.0)


def engagement_value(
    clv: float,
    referrals: Sequence[Referral] = (),
    influences: Sequence[Influence] = (),
    feedback: Sequence[Knowledge] = (),
    discount: float = 0.10,
) -> EngagementValue:
    """CEV of one customer: CLV + CRV + CIV + CKV.

    Parameters
    ----------
    clv : float
        Of the customer's own purchases, such as `clv_lifetime`.
    referrals, influences, feedback : sequences
        What else the customer does.
    discount : float
        Effective rate a year.

    Examples
    --------
    >>> found = engagement_value(80.0, [Referral(100, 20, 5)], [Influence(40, 0.5)], [Knowledge(10)])
    >>> found.crv, found.total
    (115.0, 225.0)
    """
    return EngagementValue(
        clv,
        referral_value(referrals, discount),
        influence_value(influences, discount),
        knowledge_value(feedback, discount),
    )


@dataclass(frozen=True, slots=True)
class EngagementEquity:
    """What all customers are worth together, every purchase counted once.

    Parameters
    ----------
    total : float
        The sum without double counting.
    sum_of_engagement_values : float
        What the customers' CEV would add up to.
    counted_twice : float
        The difference: purchases of customers that also stand in another customer's CRV or CIV.
    """

    total: float
    sum_of_engagement_values: float

    @property
    def counted_twice(self) -> float:
        """What a plain sum would count twice."""
        return self.sum_of_engagement_values - self.total


def engagement_equity(
    clv: Mapping[Hashable, float],
    referrals: Mapping[Hashable, Sequence[Referral]] | None = None,
    influences: Mapping[Hashable, Sequence[Influence]] | None = None,
    feedback: Mapping[Hashable, Sequence[Knowledge]] | None = None,
    discount: float = 0.10,
) -> EngagementEquity:
    """Equity of customers who refer, influence and teach, without summing anybody's purchases twice.

    A referred or influenced person who is one of the customers has their purchases in their own CLV already: of such a
    referral only saved cost and incentive are added, of such an influence nothing.

    Parameters
    ----------
    clv : mapping of customer to money
        Own lifetime value of every customer, referred ones included.
    referrals, influences, feedback : mappings of customer to sequences
        What customers do; `person` names whoever is a customer too.
    discount : float
        Effective rate a year.

    Raises
    ------
    ConfigError
        If somebody refers who is not among the customers, a person is referred twice, or refers themselves.

    Examples
    --------
    Anna brought Ben, who is a customer worth 100 and would not have come otherwise:

    >>> found = engagement_equity({"anna": 80.0, "ben": 100.0}, {"anna": [Referral(100, 20, 5, person="ben")]})
    >>> found.sum_of_engagement_values, found.total, found.counted_twice
    (295.0, 195.0, 100.0)
    """
    made, swayed, taught = referrals or {}, influences or {}, feedback or {}
    _check_people(clv, made, swayed, taught)
    everything = sum(clv.values())
    twice = 0.0
    for mine in made.values():
        everything += referral_value(mine, discount)
        twice += sum(_bought(one, discount) for one in mine if one.person in clv)
    for theirs in swayed.values():
        everything += influence_value(theirs, discount)
        twice += sum(_of_influence(one, discount) for one in theirs if one.person in clv)
    for ideas in taught.values():
        everything += knowledge_value(ideas, discount)
    return EngagementEquity(everything - twice, everything)


def _bought(one: Referral, discount: float) -> float:
    """The part of a referral's value that the referred person's own purchases are."""
    return (1 - one.would_have_joined) * one.value * _now(discount, one.years)


def _of_referral(one: Referral, discount: float) -> float:
    return _bought(one, discount) + (one.saved_acquisition - one.incentive) * _now(discount, one.years)


def _of_influence(one: Influence, discount: float) -> float:
    return one.share * one.value * _now(discount, one.years)


def _now(discount: float, years: float) -> float:
    """What one unit of money is worth now that comes in so many years."""
    check_rate(discount)
    return math.pow(1 + discount, -years)


def _check_people(clv: Mapping[Hashable, float], *parts: Mapping[Hashable, Sequence[object]]) -> None:
    referred: dict[Hashable, Hashable] = {}
    for part in parts:
        for customer, deeds in part.items():
            if customer not in clv:
                raise ConfigError(f"{customer!r} has no lifetime value in `clv`. Add it, 0.0 for who buys nothing.")
            for one in deeds:
                if not isinstance(one, Referral) or one.person is None:
                    continue
                if one.person == customer:
                    raise ConfigError(f"{customer!r} is said to have referred themselves. Leave that referral out.")
                if one.person in referred:
                    raise ConfigError(
                        f"{one.person!r} is referred by {referred[one.person]!r} and by {customer!r}; a person joins "
                        "once. Name the referral that counts, or share its value between two of them without `person`."
                    )
                referred[one.person] = customer
