-- Purchases before the cut of those who were customers when that time began, by their age then.
SELECT
    T_days - {holdout_days} AS age_days,
    purchases,
    count(*) AS customers,
    CAST(sum(CAST(money AS DECIMAL(38, 8))) AS DOUBLE) AS money
FROM {recent}
WHERE T_days >= {holdout_days}
GROUP BY age_days, purchases
ORDER BY age_days, purchases
