-- What customers brought within a time from their first day on, by channel and by how much of that time has passed.
WITH brought AS (
    SELECT
        newcomer.customer_key,
        newcomer.channel,
        least(date_diff('day', newcomer.first_day, DATE {last}), {days}) AS age,
        coalesce(sum(CAST({money} AS DOUBLE)) FILTER (
            date_diff('day', newcomer.first_day, purchase.day) <= {days}
        ), 0) AS money,
        coalesce(sum(CAST({money} AS DOUBLE)) FILTER (purchase.day = newcomer.first_day), 0) AS first_money
    FROM {newcomers} AS newcomer
    INNER JOIN ({purchases}) AS purchase ON purchase.customer_key = newcomer.customer_key
    GROUP BY newcomer.customer_key, newcomer.channel, newcomer.first_day
)
SELECT
    channel,
    age,
    count(*) AS customers,
    sum(money) AS money,
    sum(money * money) AS squares,
    sum(first_money) AS first_money
FROM brought
GROUP BY channel, age
