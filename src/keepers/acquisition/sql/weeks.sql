-- Spend, new customers and their early value by channel and week, whole weeks of which costs are known.
WITH paid AS (
    SELECT channel, date_trunc('week', day) AS week, sum(cost) AS cost
    FROM {costs} AS cost
    WHERE kind <> 'referrals'
    GROUP BY 1, 2
),
came AS (
    SELECT
        channel,
        date_trunc('week', first_day) AS week,
        count(*) AS customers,
        count({early}) AS old,
        sum({early}) AS value,
        sum({early} * {early}) AS squared
    FROM {newcomers} AS newcomer
    GROUP BY 1, 2
)
SELECT
    coalesce(paid.channel, came.channel) AS channel,
    CAST(coalesce(paid.week, came.week) AS DATE) AS week,
    coalesce(paid.cost, 0) AS cost,
    coalesce(came.customers, 0) AS customers,
    coalesce(came.old, 0) AS old,
    coalesce(came.value, 0) AS value,
    coalesce(came.squared, 0) AS squared
FROM paid
FULL OUTER JOIN came ON came.channel IS NOT DISTINCT FROM paid.channel AND came.week = paid.week
WHERE coalesce(paid.week, came.week) >= DATE '{first}' AND coalesce(paid.week, came.week) <= DATE '{last}' - 6
ORDER BY 1, 2
