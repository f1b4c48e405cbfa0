-- What each customer of an experiment bought in the days from the treatment on, and what the offer took.
WITH bought AS (
    SELECT treated.customer_key, sum({money}) AS money, count(*) AS orders
    FROM {treated} AS treated
    INNER JOIN ({purchases}) AS purchase
        ON purchase.customer_key = treated.customer_key
        AND purchase.day >= treated.day
        AND date_diff('day', treated.day, purchase.day) < {days}
    WHERE treated.experiment = {experiment}
    GROUP BY treated.customer_key
),
taken_off AS (
    SELECT treated.customer_key, sum(placed.discount) AS discount
    FROM {treated} AS treated
    INNER JOIN {orders} AS placed
        ON placed.customer_key = treated.customer_key
        AND placed.day >= treated.day
        AND date_diff('day', treated.day, placed.day) < {days}
    WHERE treated.experiment = {experiment} AND placed.counted
    GROUP BY treated.customer_key
)
SELECT
    treated.customer_key,
    treated.offer,
    treated.day,
    CAST(coalesce(treated.cost, 0) AS DOUBLE) AS cost,
    treated.propensity,
    CAST(coalesce(bought.money, 0) AS DOUBLE) AS money,
    coalesce(bought.orders, 0) AS orders,
    CAST(coalesce(taken_off.discount, 0) AS DOUBLE) AS discount
FROM {treated} AS treated
LEFT JOIN bought ON bought.customer_key = treated.customer_key
LEFT JOIN taken_off ON taken_off.customer_key = treated.customer_key
WHERE treated.experiment = {experiment}
ORDER BY treated.customer_key
