-- Distinct pairs of orders and mean spend{and_pattern} with their numbers of customers.
SELECT CAST({orders} AS BIGINT) AS x, {mean} AS mean_spend{pattern}, count(*) AS weight
FROM {summary}
WHERE {mean} IS NOT NULL
GROUP BY 1, 2{pattern}
ORDER BY 1, 2{pattern}
