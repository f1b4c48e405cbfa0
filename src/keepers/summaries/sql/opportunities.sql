-- One row a customer who bought up to the cut; all purchases of a period are one, and time counts periods.
WITH purchase_day AS (
    {purchase_days}
),
opportunity AS (
    SELECT
        customer_key,
        {period} AS period,
        min(purchased_on) AS first_day,
        max(purchased_on) AS last_day,
        sum(orders) AS orders,
        sum(revenue) AS revenue,
        sum(CASE WHEN purchased_on IS NOT NULL THEN money END) AS money{held_opportunities}
    FROM purchase_day
    GROUP BY customer_key, {period}
),
numbered AS (
    SELECT *, min(CASE WHEN first_day IS NOT NULL THEN period END) OVER (PARTITION BY customer_key) AS first_period
    FROM opportunity
),
history AS (
    SELECT
        customer_key,
        count(first_day) - 1 AS frequency,
        min(first_period) AS first_period,
        max(CASE WHEN first_day IS NOT NULL THEN period END) AS last_period,
        min(first_day) AS first_day,
        max(last_day) AS last_day,
        sum(orders) AS orders,
        sum(revenue) AS revenue,
        sum(money) AS money,
        sum(CASE WHEN period > first_period THEN money END) AS repeat_money{holdout_sums}
    FROM numbered
    GROUP BY customer_key
    HAVING count(first_day) > 0
)
SELECT
    customer_key,
    CAST(frequency AS BIGINT) AS frequency,
    CAST(last_period - first_period AS DOUBLE) AS recency,
    CAST({last_period} - first_period AS DOUBLE) AS T,
    CASE WHEN frequency > 0 THEN CAST(repeat_money AS DOUBLE) / frequency END AS monetary_value,
    CAST(money AS DOUBLE) / (frequency + 1) AS monetary_value_all,
    first_day,
    last_day,
    CAST(round((last_period - first_period) * {unit_days}) AS BIGINT) AS recency_days,
    CAST(round(({last_period} - first_period) * {unit_days}) AS BIGINT) AS T_days,
    CAST(orders AS BIGINT) AS orders,
    CAST(revenue AS DECIMAL(18, 4)) AS revenue{holdout_columns}
FROM history
