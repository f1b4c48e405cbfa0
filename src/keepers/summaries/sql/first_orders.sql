-- What is known of each customer's first order: of the orders on the day of the first purchase, the earliest.
WITH candidate AS (
    SELECT
        summary.customer_key,
        placed.channel,
        placed.campaign,
        placed.product,
        placed.category,
        placed.country,
        row_number() OVER (PARTITION BY summary.customer_key ORDER BY placed.occurred_at, placed.order_id) AS place
    FROM {orders} AS placed
    INNER JOIN {summary} AS summary
        ON summary.customer_key = placed.customer_key AND summary.first_day = placed.day
    WHERE placed.counted
)
SELECT customer_key, channel, campaign, product, category, country
FROM candidate
WHERE place = 1
