-- What customers of a decision bought in its days and in the year before, and what the offer cost with them.
WITH placed AS (
    SELECT customer_key, day, {money} AS money
    FROM ({purchases}) AS purchase
    WHERE day BETWEEN {first} - 365 AND {last}
),
bought AS (
    SELECT
        customer_key,
        sum(money) FILTER (day >= {first}) AS after,
        count(*) FILTER (day >= {first}) AS orders,
        sum(money) FILTER (day < {first}) AS before
    FROM placed
    GROUP BY customer_key
),
given AS (
    SELECT customer_key, sum(coalesce(cost, 0)) AS cost
    FROM {treatments} AS treatment
    WHERE offer = {offer} AND day BETWEEN {first} AND {last}
    GROUP BY customer_key
)
SELECT
    chosen.held_out,
    CAST(coalesce(bought.after, 0) AS DOUBLE) - CAST(coalesce(given.cost, 0) AS DOUBLE) AS earned,
    CAST(coalesce(bought.before, 0) AS DOUBLE) AS before,
    coalesce(bought.orders, 0) > 0 AS ordered,
    given.customer_key IS NOT NULL AS was_given
FROM {chosen} AS chosen
LEFT JOIN bought ON bought.customer_key = chosen.customer_key
LEFT JOIN given ON given.customer_key = chosen.customer_key
ORDER BY chosen.customer_key
