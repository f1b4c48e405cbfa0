-- What each customer's purchase days brought: how many gains, losses and days that brought nothing, and their sums.
WITH purchase_day AS (
    {purchase_days}
),
dated AS (
    SELECT
        customer_key,
        money,
        purchased_on,
        min(purchased_on) OVER (PARTITION BY customer_key) AS first_on
    FROM purchase_day
    WHERE purchased_on IS NOT NULL
)
SELECT
    customer_key,
    count(CASE WHEN money > 0 THEN 1 END) AS gains,
    CAST(coalesce(sum(CASE WHEN money > 0 THEN money END), 0) AS DOUBLE) AS gained,
    count(CASE WHEN money < 0 THEN 1 END) AS losses,
    CAST(coalesce(sum(CASE WHEN money < 0 THEN -money END), 0) AS DOUBLE) AS lost,
    count(CASE WHEN money = 0 THEN 1 END) AS zeros
FROM dated
WHERE money IS NOT NULL AND purchased_on >= first_on{after_first}
GROUP BY customer_key
