-- Early value of customers by channel and quarter of the first order, of those who are old enough.
SELECT
    channel,
    CAST(date_trunc('quarter', first_day) AS DATE) AS quarter,
    count({early}) AS customers,
    sum({early}) AS value,
    sum({early} * {early}) AS squared
FROM {newcomers} AS newcomer
WHERE channel IS NOT NULL AND {early} IS NOT NULL
GROUP BY 1, 2
ORDER BY 1, 2
