-- Histories by group, ages and recency in bins of days: what a fit by group needs to see.
SELECT
    labelled.acquired_by AS label,
    summary.frequency AS x,
    CASE WHEN summary.frequency = 0 THEN 0 ELSE floor(summary.recency_days / {width}) END AS recency,
    floor(summary.T_days / {width}) AS age,
    count(*) AS customers
FROM {summary} AS summary
INNER JOIN {labelled} AS labelled ON labelled.customer_key = summary.customer_key
GROUP BY 1, 2, 3, 4
ORDER BY 1, 2, 3, 4
