-- Orders that say through which channel they came, in the days of which spend is known.
SELECT
    placed.channel,
    count(*) AS orders,
    CAST(coalesce(sum(placed.amount), 0) AS DOUBLE) AS revenue
FROM {orders} AS placed
WHERE placed.counted AND placed.day BETWEEN DATE '{first}' AND DATE '{last}'
GROUP BY placed.channel
ORDER BY placed.channel
