-- The summary with what its customers did after the cut, as known at the end of the holdout.
WITH purchase_day AS (
    {purchase_days}
),
future AS (
    SELECT customer_key, count(purchased_on) AS days_with_purchase, sum(revenue) AS revenue, sum(money) AS money
    FROM purchase_day
    GROUP BY customer_key
)
SELECT
    summary.*,
    CAST(coalesce(future.days_with_purchase, 0) AS BIGINT) AS holdout_frequency,
    CAST({holdout_days} AS BIGINT) AS holdout_days,
    CAST({holdout_revenue} AS DECIMAL(18, 4)) AS holdout_revenue,
    CAST({holdout_money} AS DECIMAL(18, 4)) AS holdout_money
FROM {summary} AS summary
LEFT JOIN future ON future.customer_key = summary.customer_key
