-- One row a customer and day, as known at `known`; `purchased_on` is empty where returns left the day below zero.
SELECT
    customer_key,
    day,
    CASE WHEN coalesce(sum(amount), 0) >= 0 THEN day END AS purchased_on,
    count(*) AS orders,
    sum(amount) AS revenue,
    sum({money}) AS money
FROM ({purchases}) AS purchase
WHERE customer_key IS NOT NULL AND day > {after} AND day <= {until}
GROUP BY customer_key, day
