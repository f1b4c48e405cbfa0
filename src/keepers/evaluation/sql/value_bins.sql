-- Customers with nearly equal predictions (half a per cent) together: enough to rank them, and sums are exact.
SELECT
    CASE WHEN {key} > 0 THEN CAST(floor(ln({key}) * 200) AS INTEGER) END AS bin,
    count(*) AS customers,
    sum(predicted) AS predicted,
    sum(actual) AS actual,
    sum(abs(predicted - actual)) AS absolute,
    sum((predicted - actual) * (predicted - actual)) AS squared
FROM ({valued}) AS valued
GROUP BY bin
ORDER BY bin NULLS FIRST
