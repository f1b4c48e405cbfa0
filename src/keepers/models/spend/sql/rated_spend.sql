-- Distinct combinations of orders, mean spend and what the purchases say of the customer, with their numbers of customers.
SELECT
    cell.place AS place,
    CAST({orders} AS DOUBLE) AS x,
    {mean} AS mean_spend,
    count(*) AS weight{attributes}
FROM {summary} AS summary
INNER JOIN {cells} AS cell
    ON {same_cell}
WHERE {known} > 0 AND {orders} > 0{sample}
GROUP BY 1, 2, {group}
ORDER BY 1, 2, 3{attributes}
