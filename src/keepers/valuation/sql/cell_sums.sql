-- Customers of each cell{and_group}, with sums of what is known of their spend (orders times mean), and of its square.
SELECT
    {group}{key},
    count(*) AS customers,
    sum(known) AS spend,
    sum(known * known) AS spend_squared
FROM (
    SELECT {summary_group}{summary_key}, {known} AS known
    FROM {summary} AS summary{join}
) AS customer
GROUP BY {group}{key}
ORDER BY {group}{key}
