-- Customers of each cell{and_group}, with sums of their scale of spend and of its square, and of variances of an order.
SELECT
    {group}{key},
    count(*) AS customers,
    sum(known) AS spend,
    sum(known * known) AS spend_squared,
    sum(within) AS within,
    sum(apart) AS apart
FROM (
    SELECT {summary_group}{summary_key}, {known} AS known, {within} AS within, {apart} AS apart
    FROM {summary} AS summary{join}
) AS customer
GROUP BY {group}{key}
ORDER BY {group}{key}
