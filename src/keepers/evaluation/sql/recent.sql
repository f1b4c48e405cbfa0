-- What each customer bought in the time before the cut that is as long as the holdout after it.
WITH purchase_day AS (
    {purchase_days}
),
recent AS (
    SELECT customer_key, count(purchased_on) AS purchases, sum(money) AS money
    FROM purchase_day
    GROUP BY customer_key
)
SELECT
    summary.customer_key,
    summary.T,
    summary.T_days,
    coalesce(recent.purchases, 0) AS purchases,
    CAST(coalesce(recent.money, 0) AS DOUBLE) AS money,
    CAST(summary.holdout_money AS DOUBLE) AS holdout_money
FROM {summary} AS summary
LEFT JOIN recent ON recent.customer_key = summary.customer_key
