-- Whom each customer brought, and whether somebody brought them; a referral has succeeded once the referred person bought.
WITH made AS (
    SELECT
        referral.referrer_key AS customer_key,
        count(*) AS referrals,
        sum(CASE WHEN buyer.first_day <= referral.cut THEN 1 ELSE 0 END) AS won,
        max(referral.day) AS last_day,
        max(referral.cut) AS cut
    FROM {referrals_made} AS referral LEFT JOIN {everybody} AS buyer ON buyer.customer_key = referral.customer_key
    GROUP BY referral.referrer_key
),
received AS (
    SELECT customer_key, count(*) AS referrals, sum(CAST(incentive_cost AS DOUBLE)) AS cost
    FROM {referrals} AS referral
    GROUP BY customer_key
)
SELECT
    coalesce(made.customer_key, received.customer_key) AS customer_key,
    made.referrals AS referrals_made, -- persons whom the customer referred [persons] zero
    made.won AS referrals_won, -- referred persons who bought by then [persons] zero
    date_diff('day', made.last_day, made.cut) AS days_since_referral, -- time since the customer last referred somebody [days]
    CASE WHEN received.referrals > 0 THEN 1 ELSE 0 END AS referred -- whether another customer brought them [flag] zero
FROM made FULL JOIN received ON received.customer_key = made.customer_key
