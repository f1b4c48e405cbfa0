-- One row a customer as it was kept, with the ages of today.
SELECT
    customer_key,
    CAST(frequency AS BIGINT) AS frequency,
    CAST(date_diff('day', first_day, last_day) AS DOUBLE) / {unit_days} AS recency,
    CAST(date_diff('day', first_day, {cut}) AS DOUBLE) / {unit_days} AS T,
    monetary_value,
    monetary_value_all,
    first_day,
    last_day,
    CAST(date_diff('day', first_day, last_day) AS BIGINT) AS recency_days,
    CAST(date_diff('day', first_day, {cut}) AS BIGINT) AS T_days,
    CAST(orders AS BIGINT) AS orders,
    CAST(revenue AS DECIMAL(18, 4)) AS revenue
FROM ({customers}) AS kept
WHERE frequency IS NOT NULL
