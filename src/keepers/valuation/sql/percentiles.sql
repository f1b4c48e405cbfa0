-- The share of the other customers, in per cent, who are worth less, for each value that any customer has.
-- Values are ranked within bands of near ones (fourth roots keep their order to the last digit), so that no worker of
-- an engine has to sort all of them.
WITH distinct_value AS (
    SELECT
        value,
        customers,
        CAST(CASE WHEN value < 0 THEN -1 ELSE 1 END * floor(sqrt(sqrt(abs(value))) * 64) AS BIGINT) AS band
    FROM (
        SELECT {value} AS value, count(*) AS customers
        FROM {summary} AS summary
        INNER JOIN {cells} AS cell
            ON {same_cell}{join}
        GROUP BY 1
    ) AS grouped
),
band AS (
    SELECT
        band,
        sum(customers) OVER (ORDER BY band ROWS UNBOUNDED PRECEDING) - customers AS below,
        sum(customers) OVER () AS everybody
    FROM (
        SELECT band, sum(customers) AS customers
        FROM distinct_value
        GROUP BY 1
    ) AS summed
)
SELECT
    distinct_value.value,
    100 * CASE
        WHEN band.everybody > 1 THEN CAST(
            band.below
            + sum(distinct_value.customers) OVER (
                PARTITION BY distinct_value.band ORDER BY distinct_value.value ROWS UNBOUNDED PRECEDING
            )
            - distinct_value.customers AS DOUBLE
        ) / (band.everybody - 1)
        ELSE 0
    END AS clv_percentile
FROM distinct_value
INNER JOIN band
    ON band.band = distinct_value.band
