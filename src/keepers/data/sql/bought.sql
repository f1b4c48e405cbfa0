-- Customers as their orders show them.
SELECT customer_key, arg_max(source, occurred_at) AS source, arg_max(country, occurred_at) AS country
FROM {facts}
WHERE customer_key IS NOT NULL AND destination NOT IN ('quarantined', 'other')
GROUP BY 1
