-- One row a customer who bought up to the cut; all purchases of a day are one.
-- The money of the first day without a join: day * 10^16 + money is smallest on the first day, whatever the money.
WITH purchase_day AS (
    {purchase_days}
),
history AS (
    SELECT
        customer_key,
        count(purchased_on) - 1 AS frequency,
        min(purchased_on) AS first_day,
        max(purchased_on) AS last_day,
        sum(orders) AS orders,
        sum(revenue) AS revenue,
        sum(CASE WHEN purchased_on IS NOT NULL THEN money END) AS money,
        min(
            CAST(date_diff('day', DATE '1970-01-01', purchased_on) AS DECIMAL(38, 4)) * 10000000000000000
            + coalesce(money, 0)
        ) - CAST(date_diff('day', DATE '1970-01-01', min(purchased_on)) AS DECIMAL(38, 4)) * 10000000000000000 AS first_money{holdout_sums}
    FROM purchase_day
    GROUP BY customer_key
    HAVING count(purchased_on) > 0
)
SELECT
    customer_key,
    CAST(frequency AS BIGINT) AS frequency,
    CAST(date_diff('day', first_day, last_day) AS DOUBLE) / {unit_days} AS recency,
    CAST(date_diff('day', first_day, {cut}) AS DOUBLE) / {unit_days} AS T,
    CASE WHEN frequency > 0 THEN CAST(money - first_money AS DOUBLE) / frequency END AS monetary_value,
    CAST(money AS DOUBLE) / (frequency + 1) AS monetary_value_all,
    first_day,
    last_day,
    CAST(date_diff('day', first_day, last_day) AS BIGINT) AS recency_days,
    CAST(date_diff('day', first_day, {cut}) AS BIGINT) AS T_days,
    CAST(orders AS BIGINT) AS orders,
    CAST(revenue AS DECIMAL(18, 4)) AS revenue{holdout_columns}
FROM history
