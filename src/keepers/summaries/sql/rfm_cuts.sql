-- The quantiles at which scores change, of days since the last purchase, purchases, and revenue.
SELECT {quantiles}
FROM (
    SELECT
        T_days - recency_days AS silence,
        frequency + 1 AS purchases,
        CAST({money} AS DOUBLE) AS money
    FROM {summary}
) AS customer
