-- Purchases before the cut of those who were customers when that time began, by their age then.
SELECT
    {age} AS age_days,
    purchases,
    count(*) AS customers,
    CAST(sum(CAST(money AS DECIMAL(38, 8))) AS DOUBLE) AS money
FROM {recent}
WHERE {age} >= 0
GROUP BY age_days, purchases
ORDER BY age_days, purchases
