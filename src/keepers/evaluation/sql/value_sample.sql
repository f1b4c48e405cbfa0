-- Some customers, always the same ones, whose whole forecast is graded.
SELECT
    {key},
    {scale} AS scale,
    CAST(summary.holdout_money AS DOUBLE) AS holdout_money{states}
FROM {summary} AS summary
INNER JOIN {cells} AS cell
    ON {same_cell}{join}
WHERE md5(summary.customer_key) < {threshold}
ORDER BY summary.customer_key
