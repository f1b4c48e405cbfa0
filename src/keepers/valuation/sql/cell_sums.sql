-- Customers of each cell{and_group}, with sums of what is known of their spend (orders times mean), and of its square.
SELECT
    {group}frequency,
    recency_days,
    T_days,
    count(*) AS customers,
    sum(known) AS spend,
    sum(known * known) AS spend_squared
FROM (
    SELECT {summary_group}summary.frequency, summary.recency_days, summary.T_days, {known} AS known
    FROM {summary} AS summary{join}
) AS customer
GROUP BY {group}frequency, recency_days, T_days
ORDER BY {group}frequency, recency_days, T_days
