-- How many customers and purchases, over which days, and the customer with the most.
WITH customers AS (
    SELECT customer_key, count(*) AS n, min(day) AS first_day, max(day) AS last_day
    FROM {facts} WHERE destination = 'counted' GROUP BY customer_key
)
SELECT count(*), coalesce(sum(n), 0), min(first_day), max(last_day), count(*) FILTER (last_day > first_day), max(n), arg_max(customer_key, n)
FROM customers
