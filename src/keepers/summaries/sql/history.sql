-- Each customer's history up to the cut, from days with a purchase; customers with none are left out.
-- The money of the first day without a join: day * 10^16 + money is smallest on the first day, whatever the money.
SELECT
    customer_key,
    count(purchased_on) - 1 AS frequency,
    min(purchased_on) AS first_day,
    max(purchased_on) AS last_day,
    sum(orders) AS orders,
    sum(revenue) AS revenue,
    sum(CASE WHEN purchased_on IS NOT NULL THEN money END) AS money,
    min(
        CAST(date_diff('day', DATE '1970-01-01', purchased_on) AS DECIMAL(38, 4)) * 10000000000000000
        + coalesce(money, 0)
    ) - CAST(date_diff('day', DATE '1970-01-01', min(purchased_on)) AS DECIMAL(38, 4)) * 10000000000000000 AS first_money{holdout_sums}
FROM (
    {purchase_days}
) AS purchase_day
GROUP BY customer_key
HAVING count(purchased_on) > 0
