-- The customers that have a row, each with the cut and the first purchase by then.
WITH bought AS (
    SELECT customer_key, min(day) AS first_day, min(first_at) AS first_at
    FROM {days} AS purchase
    WHERE bought
    GROUP BY customer_key
)
SELECT chosen.customer_key, chosen.cut, bought.first_day, bought.first_at
FROM ({chosen}) AS chosen LEFT JOIN bought ON bought.customer_key = chosen.customer_key
