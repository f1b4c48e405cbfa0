-- Orders by week and by the week in which their customers came, weeks counted from a day on, earlier ones negative.
SELECT
    CAST(floor(date_diff('day', DATE {first}, purchase.day) / 7.0) AS INTEGER) AS week,
    CAST(floor(date_diff('day', DATE {first}, newcomer.first_day) / 7.0) AS INTEGER) AS came,
    count(*) AS orders
FROM ({purchases}) AS purchase
INNER JOIN {newcomers} AS newcomer ON newcomer.customer_key = purchase.customer_key
WHERE purchase.day > newcomer.first_day AND purchase.day >= DATE {first}
GROUP BY week, came
