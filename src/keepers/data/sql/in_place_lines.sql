-- The orders of a table in place that has a row a line: one row an order, its attributes those that come first.
SELECT
    min(customer_key) AS customer_key, min(day) AS day, min(occurred_at) AS occurred_at, order_id,
    max(CASE WHEN destination = 'counted' OR destination = 'unknown customer' THEN 1 ELSE 0 END) = 1 AS counted,
    min(currency) AS currency, sum(amount) AS amount, sum(contribution) AS contribution, min(channel) AS channel,
    min(campaign) AS campaign, min(product) AS product, min(category) AS category, min(country) AS country,
    min(discount_code) AS discount_code
FROM {rows} AS placed
WHERE destination <> 'quarantined'
GROUP BY order_id
