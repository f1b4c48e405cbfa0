-- One row a customer who bought up to the cut; all purchases of a day are one.
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
    CAST(revenue AS DECIMAL(18, 4)) AS revenue{further}
FROM (
    {history}
) AS history
