-- How many known customers ordered how often, and since and until when; one pass, and as few rows as there are counts.
SELECT
    orders, count(*) AS customers, min(first_day) AS first_day, max(last_day) AS last_day,
    count(CASE WHEN last_day > first_day THEN 1 END) AS repeat_customers, min(customer_key) AS whose
FROM (
    SELECT customer_key, count(*) AS orders, min(day) AS first_day, max(day) AS last_day
    FROM {orders} AS placed
    WHERE counted AND customer_key IS NOT NULL
    GROUP BY customer_key
) AS customer
GROUP BY 1
ORDER BY 1
