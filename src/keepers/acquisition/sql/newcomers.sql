-- One row a customer: origin, first and repeat money, and what they brought up to stated ages; empty while younger.
WITH aged AS (
    SELECT
        summary.customer_key,
        date_diff('day', summary.first_day, bought.day) AS age,
        bought.purchased_on IS NOT NULL AND bought.day > summary.first_day AS again,
        CAST(coalesce(bought.money, 0) AS DOUBLE) AS money
    FROM ({purchase_days}) AS bought
    INNER JOIN {summary} AS summary ON summary.customer_key = bought.customer_key
),
early AS (
    SELECT
        customer_key,
        sum(CASE WHEN age <= 0 THEN money ELSE 0 END) AS first_money,
        sum(CASE WHEN age > 0 THEN money ELSE 0 END) AS repeat_money,
        max(CASE WHEN again AND age <= {within} THEN 1 ELSE 0 END) AS returned,
        {by_age}
    FROM aged
    GROUP BY customer_key
)
SELECT
    origin.*,
    summary.T_days,
    summary.frequency,
    early.first_money,
    early.repeat_money,
    CASE WHEN summary.T_days >= {within} THEN early.returned END AS returned,
    {mature}
FROM {origins} AS origin
INNER JOIN {summary} AS summary ON summary.customer_key = origin.customer_key
INNER JOIN early ON early.customer_key = origin.customer_key
