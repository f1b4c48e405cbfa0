-- The share of the other customers, in per cent, who are worth less than each.
SELECT {key}, 100 * percent_rank() OVER (ORDER BY value) AS clv_percentile
FROM (
    SELECT summary.{key}, {value} AS value
    FROM {summary} AS summary
    INNER JOIN {cells} AS cell
        ON {same_cell}
) AS customer
