-- The orders of a table in place: rows that can be used, those of one order together where an order has several.
SELECT
    customer_key, day, occurred_at, order_id, destination = 'counted' OR destination = 'unknown customer' AS counted,
    currency, amount, contribution, channel, campaign, product, category, country, discount_code
FROM {rows} AS placed
WHERE destination <> 'quarantined'
