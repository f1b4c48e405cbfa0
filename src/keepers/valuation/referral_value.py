"""What customers bring by bringing others, from the table of referrals, every purchase counted once in the total.

The engagement value of a customer is what would be missing without them: what they buy, and what those buy whom they
brought (CLV + CRV, see `keepers.valuation.engagement_value`). What the referred buy stands in their own value, too, so
engagement values do not add up to what all customers are worth; `counted_twice` says by how much they would exceed it.
"""

from __future__ import annotations

from dataclasses import dataclass

from keepers.data.engine import Engine, quoted


@dataclass(frozen=True, slots=True)
class Referrer:
    """One customer who brought others; money as in the table of values.

    Parameters
    ----------
    customer_key : str
        Who.
    own : float
        Lifetime value of what they will buy.
    brought : int
        Customers whom they brought.
    referred : float
        Lifetime value of what those will buy, at most due to the referrer: some would have come anyway.
    so_far : float
        What those brought so far, less what the referrals cost.
    """

    customer_key: str
    own: float
    brought: int
    referred: float
    so_far: float

    @property
    def engagement(self) -> float:
        """What would be missing without the customer, at most."""
        return self.own + self.referred


@dataclass(frozen=True, slots=True)
class ReferralValue:
    """Referrals of all customers.

    Parameters
    ----------
    referrers : int
        Customers who brought others.
    brought : int
        Customers who were brought, each by one referrer: the first who is named.
    total : float
        Lifetime value of all customers, every purchase counted once.
    counted_twice : float
        Lifetime value of the brought customers, which a sum of engagement values would count a second time.
    incentives : float
        What the referrals cost.
    top : tuple of Referrer
        Those with the greatest engagement value.
    """

    referrers: int
    brought: int
    total: float
    counted_twice: float
    incentives: float
    top: tuple[Referrer, ...]

    @property
    def sum_of_engagement_values(self) -> float:
        """What the engagement values of all customers add up to."""
        return self.total + self.counted_twice


def referral_value(engine: Engine, referrals: str, values: str, top: int = 15) -> ReferralValue | None:
    """Join referrals with the values of customers.

    Parameters
    ----------
    engine : Engine
        Where both tables are.
    referrals : str
        Table of referrals: `customer_key` is who was brought, `referrer_key` by whom.
    values : str
        Table with `customer_key`, `clv_lifetime` and `clv_historic`.
    top : int
        Referrers to list.

    Returns
    -------
    ReferralValue or None
        None where nobody brought somebody who is a customer.
    """
    joined = engine.create(
        engine.new_name("referred"),
        f"""
        SELECT made.referrer_key, made.customer_key, worth.clv_lifetime AS ahead, worth.clv_historic AS past,
            made.incentive_cost AS cost
        FROM (
            SELECT
                customer_key,
                arg_min(referrer_key, (occurred_at, referrer_key)) AS referrer_key,
                sum(CAST(coalesce(incentive_cost, 0) AS DOUBLE)) AS incentive_cost
            FROM {quoted(referrals)}
            WHERE customer_key IS NOT NULL AND customer_key <> referrer_key
            GROUP BY customer_key
        ) AS made
        INNER JOIN {quoted(values)} AS worth ON worth.customer_key = made.customer_key
        INNER JOIN {quoted(values)} AS who ON who.customer_key = made.referrer_key
        """,
    )
    referrers, brought, twice, cost = engine.row(
        f"SELECT count(DISTINCT referrer_key), count(*), sum(ahead), sum(cost) FROM {quoted(joined)}"
    )
    if not brought:
        engine.drop(joined)
        return None
    total = engine.row(f"SELECT sum(clv_lifetime) FROM {quoted(values)}")[0]
    rows = engine.rows(
        "SELECT referrer_key, max(who.clv_lifetime) AS own, count(*), sum(ahead) AS referred, sum(past) - sum(cost) "
        f"FROM {quoted(joined)} AS made INNER JOIN {quoted(values)} AS who ON who.customer_key = made.referrer_key "
        f"GROUP BY referrer_key ORDER BY own + referred DESC, referrer_key LIMIT {int(top)}"
    )
    engine.drop(joined)
    return ReferralValue(
        int(referrers),
        int(brought),
        float(total),
        float(twice),
        float(cost),
        tuple(Referrer(str(who), float(own), int(n), float(ahead), float(past)) for who, own, n, ahead, past in rows),
    )
