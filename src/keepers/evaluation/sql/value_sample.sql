-- Some customers, always the same ones, whose whole forecast is graded.
SELECT
    frequency,
    recency_days,
    T_days{pattern},
    monetary_value,
    monetary_value_all,
    CAST(holdout_money AS DOUBLE) AS holdout_money
FROM {summary}
WHERE md5(customer_key) < {threshold}
ORDER BY customer_key
