-- The cut of each customer at an age: so many days after the first order, those cancelled on their own day not counting.
SELECT customer_key, first_day + {age} AS cut
FROM (
    SELECT customer_key, min(day) AS first_day
    FROM {orders} AS placed
    WHERE counted AND customer_key IS NOT NULL AND (voided_on IS NULL OR voided_on > day)
    GROUP BY customer_key
) AS start
WHERE first_day + {age} <= {last_day}
