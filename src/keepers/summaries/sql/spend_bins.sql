-- Bins of equal orders and nearly equal mean spend{and_pattern}: geometric mean and variance of the logarithm within each.
WITH spend AS (
    SELECT
        CAST({orders} AS BIGINT) AS x,
        CASE WHEN {mean} > 0 THEN ln({mean}) END AS log_spend{pattern}
    FROM {summary}
    WHERE {mean} IS NOT NULL
)
SELECT
    x,
    coalesce(exp(avg(log_spend)), 0) AS mean_spend{pattern},
    count(*) AS weight,
    coalesce(var_pop(log_spend), 0) AS spread
FROM spend
GROUP BY x, floor(log_spend / {width}){pattern}
ORDER BY x, mean_spend{pattern}
