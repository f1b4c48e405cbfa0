-- Distinct histories with the sum of the logarithms of the days between purchases, in order.
SELECT
    summary.frequency,
    summary.recency_days,
    summary.T_days{pattern},
    count(*) AS weight,
    CAST(coalesce(sum(gaps.log_gaps), 0) AS DOUBLE) AS log_gaps
FROM {summary} AS summary
LEFT JOIN {gaps} AS gaps ON gaps.customer_key = summary.customer_key
GROUP BY summary.frequency, summary.recency_days, summary.T_days{further}
ORDER BY summary.frequency, summary.recency_days, summary.T_days{further}
