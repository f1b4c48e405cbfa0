-- How many known customers there are, what they did, and who bought most often; customers are grouped once.
WITH customer AS (
    SELECT customer_key, count(*) AS orders, min(day) AS first_day, max(day) AS last_day
    FROM {orders} AS placed
    WHERE counted AND customer_key IS NOT NULL
    GROUP BY customer_key
),
total AS (
    SELECT
        count(*) AS customers, sum(orders) AS orders, min(first_day) AS first_day, max(last_day) AS last_day,
        count(CASE WHEN last_day > first_day THEN 1 END) AS repeat_customers, max(orders) AS most
    FROM customer
)
SELECT
    total.customers, total.orders, total.first_day, total.last_day, total.repeat_customers, total.most,
    (SELECT min(customer_key) FROM customer WHERE orders = (SELECT max(orders) FROM customer)) AS whose
FROM total
