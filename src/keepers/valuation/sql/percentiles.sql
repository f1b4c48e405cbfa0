-- The share of the other customers, in per cent, who are worth less, for each value that any customer has.
SELECT
    value,
    100 * CASE
        WHEN everybody > 1 THEN CAST(reached - customers AS DOUBLE) / (everybody - 1)
        ELSE 0
    END AS clv_percentile
FROM (
    SELECT
        value,
        customers,
        sum(customers) OVER (ORDER BY value ROWS UNBOUNDED PRECEDING) AS reached,
        sum(customers) OVER () AS everybody
    FROM (
        SELECT {value} AS value, count(*) AS customers
        FROM {summary} AS summary
        INNER JOIN {cells} AS cell
            ON {same_cell}{join}
        GROUP BY 1
    ) AS distinct_value
) AS ranked
