-- The sum of the logarithms of the days between one purchase day and the next, a row a customer who came back.
-- Decimals, whose sum does not depend on the order of its terms, so that a fit repeats to the last digit.
WITH purchase_day AS (
    {purchase_days}
),
gap AS (
    SELECT
        customer_key,
        date_diff('day', lag(purchased_on) OVER (PARTITION BY customer_key ORDER BY purchased_on), purchased_on) AS days
    FROM purchase_day
    WHERE purchased_on IS NOT NULL
)
SELECT customer_key, sum(CAST(ln(days) AS DECIMAL(38, 12))) AS log_gaps
FROM gap
WHERE days > 0
GROUP BY customer_key
