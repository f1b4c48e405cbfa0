-- Sums by group: enough for means of first orders and of repeat orders, and for how sure these are.
SELECT
    label,
    count(*) AS customers,
    sum(first_money) AS first,
    sum(first_money * first_money) AS first_squared,
    CAST(sum(frequency) AS DOUBLE) AS orders,
    sum(repeat_money) AS money,
    sum(repeat_money * repeat_money) AS money_squared,
    sum(repeat_money * frequency) AS money_orders,
    CAST(sum(frequency * frequency) AS DOUBLE) AS orders_squared,
    sum(first_money * repeat_money) AS first_money,
    sum(first_money * frequency) AS first_orders
FROM {newcomers} AS newcomer
GROUP BY label
ORDER BY label
