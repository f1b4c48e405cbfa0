-- Customers with nearly equal predictions (half a per cent) together: enough to rank them, and sums are exact.
-- Sums of decimals do not depend on the order in which threads add them, so that results repeat to the last digit.
SELECT
    CASE WHEN {key} > 0 THEN CAST(floor(ln({key}) * 200) AS INTEGER) END AS bin,
    count(*) AS customers,
    CAST(sum(CAST(predicted AS DECIMAL(38, 8))) AS DOUBLE) AS predicted,
    CAST(sum(CAST(actual AS DECIMAL(38, 8))) AS DOUBLE) AS actual,
    CAST(sum(CAST(abs(predicted - actual) AS DECIMAL(38, 8))) AS DOUBLE) AS absolute,
    CAST(sum(CAST((predicted - actual) * (predicted - actual) AS DECIMAL(38, 8))) AS DOUBLE) AS squared
FROM ({valued}) AS valued
GROUP BY bin
ORDER BY bin NULLS FIRST
