-- How many periods lie between one period with a purchase and the next, how often, and what a purchase period brings.
-- `next_gap` is empty for the last purchase period of a customer; `waited` says how many whole periods followed it.
WITH purchase_day AS (
    {purchase_days}
),
purchase_period AS (
    SELECT
        customer_key,
        date_diff('day', purchased_on, {until}) // {period_days} AS ago,
        sum(money) AS money
    FROM purchase_day
    WHERE purchased_on IS NOT NULL
    GROUP BY 1, 2
),
gap AS (
    SELECT
        ago - lead(ago) OVER (PARTITION BY customer_key ORDER BY ago DESC) AS next_gap,
        ago AS waited,
        money
    FROM purchase_period
)
SELECT
    next_gap,
    CASE WHEN next_gap IS NULL THEN waited END AS waited,
    count(*) AS times,
    CAST(coalesce(sum(money), 0) AS DOUBLE) AS money
FROM gap
GROUP BY 1, 2
ORDER BY 1, 2
