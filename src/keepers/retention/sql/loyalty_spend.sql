-- What each customer is expected to bring, beside what they spent in the year before.
SELECT
    v.customer_key,
    CAST(v.{value} AS DOUBLE) AS value,
    coalesce(spent.amount, 0) AS spent
FROM {values} AS v
LEFT JOIN (
    SELECT customer_key, CAST(sum(amount) AS DOUBLE) AS amount
    FROM ({purchases}) AS purchase
    WHERE day > {since}
    GROUP BY customer_key
) AS spent ON spent.customer_key = v.customer_key
