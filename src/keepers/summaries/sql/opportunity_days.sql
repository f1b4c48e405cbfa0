-- A row a customer and period with a purchase, on the first day of it that had one: all purchases of a period are one.
SELECT
    customer_key,
    coalesce(min(purchased_on), min(day)) AS day,
    min(purchased_on) AS purchased_on,
    sum(orders) AS orders,
    sum(revenue) AS revenue,
    sum(CASE WHEN purchased_on IS NOT NULL THEN money END) AS money
FROM (
    {purchase_days}
) AS purchase_day
GROUP BY customer_key, {period}
