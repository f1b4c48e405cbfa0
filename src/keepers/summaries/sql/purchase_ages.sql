-- Purchases and money by day of the customers' first purchase and by age in days; small enough to leave the engine.
WITH purchase_day AS (
    {purchase_days}
)
SELECT
    summary.first_day,
    greatest(date_diff('day', summary.first_day, purchase_day.day), 0) AS age_days,
    count(purchase_day.purchased_on) AS purchases,
    CAST(coalesce(sum(purchase_day.money), 0) AS DOUBLE) AS money
FROM purchase_day
INNER JOIN {summary} AS summary ON summary.customer_key = purchase_day.customer_key
GROUP BY 1, 2
ORDER BY 1, 2
