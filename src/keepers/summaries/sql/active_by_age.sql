-- Customers who bought in each month of their age (30.4375 days, 487/16), by day of their first purchase.
WITH purchase_day AS (
    {purchase_days}
),
active AS (
    SELECT
        summary.customer_key,
        summary.first_day,
        date_diff('day', summary.first_day, purchase_day.purchased_on) * 16 // 487 AS age_months
    FROM purchase_day
    INNER JOIN {summary} AS summary ON summary.customer_key = purchase_day.customer_key
    WHERE purchase_day.purchased_on IS NOT NULL
    GROUP BY 1, 2, 3
)
SELECT first_day, age_months, count(*) AS customers
FROM active
GROUP BY first_day, age_months
ORDER BY first_day, age_months
