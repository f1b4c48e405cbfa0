-- Distinct combinations of orders, mean spend and what the purchases say of the rate, with their numbers of customers.
SELECT
    cell.rate AS rate,
    CAST({orders} AS DOUBLE) AS x,
    {mean} AS mean_spend,
    count(*) AS weight
FROM {summary} AS summary
INNER JOIN {cells} AS cell
    ON {same_cell}
WHERE {known} > 0 AND {orders} > 0{sample}
GROUP BY 1, 2, {group}
ORDER BY 1, 2, 3
