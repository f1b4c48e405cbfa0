-- What each customer brought in the days after the day on which they were looked at.
SELECT
    seen.customer_key,
    seen.as_of,
    coalesce(sum(CAST({money} AS DOUBLE)), 0) AS value
FROM (SELECT customer_key, as_of FROM {features} AS feature) AS seen
LEFT JOIN ({purchases}) AS purchase
    ON purchase.customer_key = seen.customer_key
    AND purchase.day > seen.as_of
    AND date_diff('day', seen.as_of, purchase.day) <= {days}
GROUP BY seen.customer_key, seen.as_of
ORDER BY seen.customer_key
